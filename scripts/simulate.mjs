import { run } from './run.mjs'

// npm run simulate -- --histories 100000 --seed 7 --workers 2
const command = ['node', '--import', './scripts/typescript.mjs', 'test/simulation/main.ts', ...process.argv.slice(2)]
const { ok } = await run(command, { limit: 24 * 3_600_000, show: true })
process.exitCode = ok ? 0 : 1
