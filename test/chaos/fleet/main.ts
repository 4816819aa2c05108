import { parseArgs } from 'node:util'
import { fleetSummary } from './fleet-summary.ts'
import { runFleetChaos } from './run-fleet-chaos.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    verbose: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) {
  console.error('chaos: --minutes is a number above 0')
  process.exit(1)
}
const began = Date.now()
const log = (line: string) =>
  values.verbose && console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(7)} ${line}`)
const result = await runFleetChaos({ duration: minutes * 60_000, seed: Number(values.seed), log })
console.log(fleetSummary(result))
console.log(`\n${result.violations.length ? '0 passed, 1 failed' : '1 passed, 0 failed'}`)
process.exit(result.violations.length ? 1 : 0)
