import { installPeers } from './peers.mjs'
import { run } from './run.mjs'
import { setUp } from './setup.mjs'

setUp({ browser: false, redis: true })
await installPeers()

// npm run bff -- --check --rounds 100 --megabytes 1024
const command = ['node', '--import', './scripts/typescript.mjs', 'test/bff/measured/main.ts', ...process.argv.slice(2)]
const { ok, problem } = await run(command, { limit: 900_000, show: true })
if (problem) console.error(`bff: ${problem}`)
process.exitCode = ok ? 0 : 1
