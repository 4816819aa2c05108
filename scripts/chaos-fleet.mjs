import { run } from './run.mjs'
import { setUp } from './setup.mjs'

setUp({ browser: false, redis: true })

// npm run chaos:fleet -- --minutes 5 --seed 7 --verbose
const asked = process.argv.slice(2)
const given = asked.indexOf('--minutes')
const minutes = given < 0 ? 1 : Number(asked[given + 1])
const command = ['node', '--import', './scripts/typescript.mjs', 'test/chaos/fleet/main.ts', ...asked]
// Servers and processes have to start, and what is under way has to end.
const { ok, problem } = await run(command, { limit: minutes * 60_000 + 180_000 || 60_000, show: true })
if (problem) console.error(`chaos:fleet: ${problem}`)
process.exitCode = ok ? 0 : 1
