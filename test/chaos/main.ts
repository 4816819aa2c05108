import { parseArgs } from 'node:util'
import { type EngineName, engines } from './engine.ts'
import { type ChaosResult, runChaos } from './run-chaos.ts'
import { faultTable, summary } from './summary.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    engine: { type: 'string', multiple: true, default: Object.keys(engines) },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    grace: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
const unknown = values.engine.find((name) => !(name in engines))
if (unknown !== undefined || !(minutes > 0)) {
  console.error(`chaos: --minutes is a number above 0, --engine one of ${Object.keys(engines).join(', ')}`)
  process.exit(1)
}

const results: ChaosResult[] = []
for (const engine of values.engine as EngineName[]) {
  const began = Date.now()
  const log = (line: string) =>
    values.verbose && console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(7)} ${line}`)
  console.log(`\n${engine} for ${minutes} min, ${values.grace ? 'a server with grace' : 'a strict server'}`)
  const result = await runChaos({
    engine,
    duration: minutes * 60_000,
    seed: Number(values.seed),
    grace: values.grace,
    log,
  })
  results.push(result)
  console.log(summary(result))
}
console.log(`\n${faultTable(results)}`)
const bad = results.filter(({ violations }) => violations.length > 0)
console.log(`\n${results.length - bad.length} passed, ${bad.length} failed`)
// A browser's driver may leave a handle open.
process.exit(bad.length > 0 ? 1 : 0)
