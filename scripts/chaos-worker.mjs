import { run } from './run.mjs'
import { setUp } from './setup.mjs'

// npm run chaos:worker: in Chromium, the tab that asked for the refresh goes away a hundred times, and its renderer is killed twenty times.
// npm run chaos:worker -- --engine firefox --rounds 100 --kills 10: what of that can be done in every engine.
const asked = process.argv.slice(2)
const everywhere = asked.includes('--engine')
setUp({ browser: true, otherEngines: everywhere })

const { ok, problem } = await run(
  everywhere
    ? ['node', '--import', './scripts/typescript.mjs', 'test/chaos/worker/main.ts', ...asked]
    : [
        'node',
        'node_modules/vitest/vitest.mjs',
        'run',
        '--project=browser',
        '--reporter=verbose',
        'test/browser/worker.test.ts',
      ],
  { limit: 3_600_000, show: true, env: { WORKER_ROUNDS: asked[0] ?? '100' } },
)
if (problem) console.error(`chaos:worker: ${problem}`)
process.exitCode = ok ? 0 : 1
