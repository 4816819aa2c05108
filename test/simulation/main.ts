import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { simulate } from './pool.ts'
import { tallyText } from './tally.ts'

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: `${availableParallelism()}` },
  },
})
const began = performance.now()
let shown = began
const { tally, failure } = await simulate({
  histories: Number(values.histories),
  seed: Number(values.seed),
  workers: Number(values.workers),
  progress({ histories }) {
    if (performance.now() - shown < 60_000) return
    shown = performance.now()
    console.log(`${histories} histories so far`)
  },
})
console.log(tallyText(tally, performance.now() - began))
console.log(failure ? `\nseed ${failure.seed}\n${failure.story}` : 'no law is broken')
process.exitCode = failure ? 1 : 0
