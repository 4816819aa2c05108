import { run } from './run.mjs'
import { setUp } from './setup.mjs'

setUp({ browser: true, otherEngines: true })

// npm run chaos -- --minutes 10 --engine firefox --seed 7 --verbose
const asked = process.argv.slice(2)
const given = asked.indexOf('--minutes')
const minutes = given < 0 ? 1 : Number(asked[given + 1])
const command = ['node', '--import', './scripts/typescript.mjs', 'test/chaos/main.ts', ...asked]
// Starting a browser, waiting for its last calls and ending it take a while, for each of three engines.
const { ok, problem } = await run(command, { limit: 3 * (minutes * 60_000 + 180_000) || 60_000, show: true })
if (problem) console.error(`chaos: ${problem}`)
process.exitCode = ok ? 0 : 1
