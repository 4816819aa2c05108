import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { plantAll } from './planting.ts'
import { simulate } from './pool.ts'
import { tallyText } from './tally.ts'

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    failures: { type: 'string', default: '1' },
    faults: { type: 'boolean', default: false },
    fault: { type: 'string' },
    workers: { type: 'string', default: `${availableParallelism()}` },
  },
})
const histories = Number(values.histories)
const seed = Number(values.seed)
const workers = Number(values.workers)

process.exitCode = (await (values.faults ? planted() : searched())) ? 0 : 1

/** Whether every planted fault is found. */
async function planted(): Promise<boolean> {
  const escaped = await plantAll({ histories, seed, workers, only: values.fault }, console.log)
  console.log(escaped.length ? `not found: ${escaped.join(', ')}` : 'every fault is found')
  return escaped.length === 0
}

/** Whether no law is broken. */
async function searched(): Promise<boolean> {
  const began = performance.now()
  let shown = began
  const end = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort())
  const { tally, failures } = await simulate({
    histories,
    seed,
    workers,
    failures: Number(values.failures),
    fault: values.fault,
    signal: end.signal,
    failed: ({ seed, story }) => console.log(`\nseed ${seed}\n${story}\n`),
    progress({ histories }) {
      if (performance.now() - shown < 60_000) return
      shown = performance.now()
      console.log(`${histories} histories so far`)
    },
  })
  const { user, system } = process.cpuUsage()
  console.log(tallyText(tally, performance.now() - began, (user + system) / 1000))
  console.log(failures.length ? `${failures.length} histories broke a law` : 'no law is broken')
  return failures.length === 0
}
