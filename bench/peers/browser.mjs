// Tokens in pages, each library as its documents say, in Chromium's tabs, against one strict server: what a call costs, and how long 200
// calls in eight tabs wait. In turns, for what else the machine does falls on all alike.
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { startChromium } from '../../test/support/browser/chromium.ts'
import { createTab } from '../../test/support/browser/tab.ts'
import { startServer } from './browser/server.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 5)
const TABS = 8
const CALLS = 25
const LATENCY = 300
/** By how much the clocks go ahead in each round: more than a token lives, ms. */
const STEP = 3_660_000
/** The longest that anybody is waited for, ms. */
const LIMIT = 15_000

const folder = fileURLToPath(new URL('./browser/', import.meta.url))
const ours = ['page.mjs', 'server.mjs']
const all = readdirSync(folder).filter((file) => file.endsWith('.mjs') && !ours.includes(file))
const asked = process.argv.slice(2)
const files = all.filter((file) => asked.length === 0 || asked.includes(file.slice(0, -4)))

const scripts = new Map()
for (const file of files) scripts.set(`/${file.slice(0, -4)}.js`, await bundled(file))
const server = await startServer(scripts)
const chromium = await startChromium()
const { product } = await chromium.send('Browser.getVersion')

/** @type {Map<string, Record<string, number[]>>} */
const seen = new Map(files.map((file) => [file.slice(0, -4), {}]))
try {
  for (let round = 0; round < ROUNDS; round++) {
    const order = [...seen.keys()]
    if (round % 2) order.reverse()
    for (const name of order) note(name, await measured(name))
  }
} finally {
  await chromium.stop()
  server.stop()
}
print()
process.exit(0)

async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [`${folder}page.mjs`],
    alias: { subject: folder + file },
    tsconfig: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0].text
}

/** One round with one library, in a profile of its own. */
async function measured(name) {
  const { browserContextId } = await chromium.send('Target.createBrowserContext')
  const { state } = server
  Object.assign(state, { latency: LATENCY, ahead: 0, swallow: false, swallowed: undefined })
  const open = async (number) => {
    const { targetId } = await chromium.send('Target.createTarget', {
      url: 'about:blank',
      browserContextId,
      newWindow: true,
    })
    const { sessionId } = await chromium.send('Target.attachToTarget', { targetId, flatten: true })
    const tab = createTab(chromium, targetId, sessionId)
    await tab.goto(`${server.origin}/${name}?tab=${number}`)
    return tab
  }
  try {
    const first = await open(0)
    await first.evaluate((session) => window.page.begin(session), server.issue())
    const tabs = [first]
    while (tabs.length < TABS) {
      const tab = await open(tabs.length)
      await tab.evaluate((session) => window.page.open(session), server.issue())
      await tab.evaluate(() => window.page.rush({ moment: 0, count: 1, ahead: 0 }))
      tabs.push(tab)
    }

    const token = await first.evaluate(() => window.page.tokenCost({ rounds: 21, calls: 400 }))
    const { get, post } = await first.evaluate(() => window.page.stubCost({ rounds: 41, calls: 60 }))
    const herd = await rush(tabs)
    const everyTab = await first.evaluate(() => window.page.everyTab)
    const reload = everyTab ? undefined : await afterReload(tabs)
    const closed = await closedTab(tabs)
    return { token, get, post, ...named('herd', herd), ...named('reload', reload), ...closed }
  } finally {
    await chromium.send('Target.disposeBrowserContext', { browserContextId })
  }
}

/**
 * The wall time of 25 calls in each of `tabs` at a moment at which the token expires, the requests, and the calls in vain.
 * @param lost resolves with the tab that is closed meanwhile, which counts for nothing
 */
async function rush(tabs, more = {}, lost = new Promise(() => {})) {
  const { state } = server
  const before = { requests: state.requests, reuse: state.reuse }
  state.ahead += STEP
  const moment = performance.timeOrigin + performance.now() + 300
  const task = { moment, count: CALLS, ahead: state.ahead, ...more }
  const late = sleep(LIMIT).then(() => ({ ended: moment + LIMIT, answered: 0 }))
  const inTab = async (tab) => {
    const isClosed = lost.then((closed) => (closed === tab ? undefined : late))
    return Promise.race([tab.evaluate((task) => window.page.rush(task), task), isClosed, late])
  }
  const done = (await Promise.all(tabs.map(inTab))).filter((one) => one !== undefined)
  const answered = done.reduce((sum, one) => sum + one.answered, 0)
  return {
    wall: Math.max(...done.map(({ ended }) => ended)) - moment,
    requests: state.requests - before.requests,
    reuse: state.reuse - before.reuse,
    vain: done.length * CALLS - answered,
    moment,
  }
}

async function afterReload(tabs) {
  for (const tab of tabs) await tab.reload()
  return rush(tabs, { opens: true })
}

/** The request of the tab that refreshes never arrives, and the tab is closed: until the others have a token. */
async function closedTab(tabs) {
  const { state } = server
  state.swallow = true
  let gone = 0
  const lost = (async () => {
    const end = performance.now() + LIMIT
    while (state.swallowed === undefined && performance.now() < end) await sleep(5)
    if (state.swallowed === undefined) return
    const tab = tabs[Number(/tab=(\d)/.exec(state.swallowed)?.[1])]
    gone = performance.timeOrigin + performance.now()
    await tab?.close()
    return tab
  })()
  const { wall, vain, moment } = await rush(tabs, {}, lost)
  // Whose session is over asks for nothing.
  return { 'closed: ms': gone ? wall - (gone - moment) : LIMIT, 'closed: in vain': vain }
}

function named(what, result) {
  if (!result) return {}
  const { wall, requests, reuse, vain } = result
  return {
    [`${what}: ms`]: wall,
    [`${what}: requests`]: requests,
    [`${what}: reuse`]: reuse,
    [`${what}: in vain`]: vain,
  }
}

function note(name, figures) {
  const lists = seen.get(name)
  for (const [what, figure] of Object.entries(figures)) {
    lists[what] ??= []
    lists[what].push(figure)
  }
}

function print() {
  const rows = [
    ['token, fresh, µs', 'token', 2],
    ['fetch over a stub, GET, × plain', 'get', 2],
    ['the same, POST with a body', 'post', 2],
    ['herd: until all are answered, ms', 'herd: ms', 0],
    ['herd: token requests', 'herd: requests', 0],
    ['herd: refresh tokens used twice', 'herd: reuse', 0],
    ['herd: calls in vain', 'herd: in vain', 0],
    ['herd after a reload, ms', 'reload: ms', 0],
    ['herd after a reload: calls in vain', 'reload: in vain', 0],
    ['refreshing tab closed, request lost, ms', 'closed: ms', 0],
    ['the same: calls of the others in vain', 'closed: in vain', 0],
  ]
  const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
  const names = [...seen.keys()]
  console.log(`${product}: ${TABS} tabs × ${CALLS} calls, server ${LATENCY} ms, medians of ${ROUNDS} rounds in turns\n`)
  console.log(`| | ${names.join(' | ')} |\n| --- |${' ---: |'.repeat(names.length)}`)
  for (const [title, what, digits] of rows) {
    const cells = names.map((name) => seen.get(name)[what])
    console.log(`| ${title} | ${cells.map((list) => (list ? median(list).toFixed(digits) : '–')).join(' | ')} |`)
  }
}
