import { parseArgs } from 'node:util'
import { type EngineName, engines } from '../engine.ts'
import type { Count } from './count.ts'
import { runWorker, type WorkerResult } from './run-worker.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'string', multiple: true, default: Object.keys(engines) },
    rounds: { type: 'string', default: '100' },
    kills: { type: 'string', default: '10' },
    verbose: { type: 'boolean', default: false },
  },
})
const unknown = values.engine.find((name) => !(name in engines))
if (unknown !== undefined) {
  console.error(`--engine is one of ${Object.keys(engines).join(', ')}`)
  process.exit(1)
}

const words = ({ times, survived, otherwise }: Count) =>
  [`${survived} of ${times} sessions survive`, ...[...otherwise].map(([what, often]) => `${what} ${often}`)].join('; ')

function summary({ version, engine, itself, left, delays, without, killed, violations }: WorkerResult): string {
  const share = (part: number) => delays[Math.ceil(part * delays.length) - 1]
  return [
    `${version}: ${JSON.stringify(engine)}`,
    `  the page that asked did it itself ${itself} times`,
    ...[...left].map(([way, count]) => `  the tab that asked is ${way}: ${words(count)}`),
    `  the other tab has its token ${share(0.5)} ms (median), ${share(0.95)} ms (95 of 100), ${share(1)} ms (longest) after the answer`,
    `  without the worker, closed: ${words(without)}`,
    ...[...killed].map(([victim, count]) => `  killed, ${victim}: ${words(count)}`),
    ...violations.map((one) => `  VIOLATION ${one}`),
  ].join('\n')
}

let bad = 0
for (const engine of values.engine as EngineName[]) {
  const log = values.verbose ? console.log : () => {}
  const result = await runWorker(engine, Number(values.rounds), Number(values.kills), log)
  console.log(summary(result))
  if (result.violations.length > 0) bad++
}
process.exit(bad > 0 ? 1 : 0)
