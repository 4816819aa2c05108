import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { brokenLinks } from '../site/broken-links.mjs'
import { textsFor } from '../site/llms.mjs'
import { sidebarsOf } from '../site/navigation.mjs'
import { fileOf, pagesOf } from '../site/pages.mjs'
import { referencePages } from '../site/reference.mjs'
import { root } from './entries.mjs'
import { run } from './run.mjs'

// npm run docs             builds the site into site/dist, and fails on a link that leads nowhere
// npm run docs -- --watch  serves it, with the pages as they were when it began
const isWatching = process.argv.includes('--watch')
const pagesFolder = `${root}site/pages`
const cache = `${root}node_modules/.cache/reference`

const typedoc = ['node', 'node_modules/typedoc/bin/typedoc', '--options', 'site/typedoc.json']
await must('the API reference', typedoc)
const pages = pagesOf(referencePages(cache))
writePages()
await must('the site', ['node', 'node_modules/vitepress/bin/vitepress.js', isWatching ? 'dev' : 'build', 'site'])

const { broken, links } = brokenLinks(`${root}site/dist`, process.env.SITE_BASE ?? '/')
for (const { page, link } of broken) console.error(`${page} links to ${link}, which is not there`)
console.log(`site: ${pages.length} pages in site/dist, ${links} links, ${broken.length} broken`)
if (broken.length > 0) process.exitCode = 1

function writePages() {
  rmSync(pagesFolder, { recursive: true, force: true })
  for (const { address, markdown } of pages) write(fileOf(address), markdown)
  write('sidebar.json', JSON.stringify(sidebarsOf(pages)))
  for (const [file, text] of textsFor(pages)) write(`public/${file}`, text)
  copyFileSync(`${root}site/icon.svg`, `${pagesFolder}/public/icon.svg`)
  for (const picture of readdirSync(`${root}docs`).filter((name) => name.endsWith('.png')))
    copyFileSync(`${root}docs/${picture}`, `${pagesFolder}/public/${picture}`)
}

/**
 * @param {string} file
 * @param {string} text
 */
function write(file, text) {
  mkdirSync(dirname(`${pagesFolder}/${file}`), { recursive: true })
  writeFileSync(`${pagesFolder}/${file}`, text)
}

/**
 * @param {string} what
 * @param {string[]} command
 */
async function must(what, command) {
  const { ok, output, problem } = await run(command, { limit: isWatching ? 2 ** 31 - 1 : 600_000, show: isWatching })
  if (ok) return
  console.error(`${output}docs: ${what} could not be built: ${problem}`)
  process.exit(1)
}
