import { run } from './run.mjs'

// The tab that asked for the refresh goes away a hundred times, and its renderer is killed twenty times.
const { ok } = await run(
  [
    'node',
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project=browser',
    '--reporter=verbose',
    'test/browser/worker.test.ts',
  ],
  { limit: 600_000, show: true, env: { WORKER_ROUNDS: process.argv[2] ?? '100' } },
)
process.exitCode = ok ? 0 : 1
