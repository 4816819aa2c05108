import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { simulate } from './pool.ts'
import { tallyText } from './tally.ts'

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    failures: { type: 'string', default: '1' },
    workers: { type: 'string', default: `${availableParallelism()}` },
  },
})
const began = performance.now()
let shown = began
const { tally, failures } = await simulate({
  histories: Number(values.histories),
  seed: Number(values.seed),
  failures: Number(values.failures),
  workers: Number(values.workers),
  progress({ histories }) {
    if (performance.now() - shown < 60_000) return
    shown = performance.now()
    console.log(`${histories} histories so far`)
  },
})
console.log(tallyText(tally, performance.now() - began))
for (const { seed, story } of failures) console.log(`\nseed ${seed}\n${story}`)
console.log(failures.length ? `${failures.length} histories broke a law` : 'no law is broken')
process.exitCode = failures.length ? 1 : 0
