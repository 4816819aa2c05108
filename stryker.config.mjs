import { tmpdir } from 'node:os'
import { join } from 'node:path'

export default {
  mutate: ['src/session/*.ts', 'src/requests/*.ts'],
  plugins: ['@stryker-mutator/vitest-runner', './scripts/mutation/prose.mjs'],
  ignorers: ['prose'],
  testRunner: 'vitest',
  vitest: { configFile: 'scripts/mutation/vitest.config.mjs', related: false },
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  // The machine may be busy: a mutant that is only slow must not count as found.
  timeoutMS: 10_000,
  timeoutFactor: 2,
  concurrency: 1,
  // A file that did not change is not looked at again, so runs of single files add up.
  incremental: true,
  incrementalFile: 'node_modules/.cache/mutation.json',
  tempDirName: join(tmpdir(), 'tokenward-mutation'),
  ignorePatterns: ['/dist', '/docs', '/examples', '/bench', '/coverage'],
  tsconfigFile: 'none',
  reporters: ['progress-append-only'],
  allowConsoleColors: false,
}
