import { defineConfig } from 'vitest/config'

const near = process.env.MUTATION_TESTS

// What tells a fault in the session at once: real servers, real time and random histories are for other runs.
export default defineConfig({
  test: {
    include: near?.split(',').map((name) => `test/${name}.test.ts`) ?? [
      'test/session/**/*.test.ts',
      'test/requests/**/*.test.ts',
      'test/manager/**/*.test.ts',
      'test/session-pool/**/*.test.ts',
    ],
    // The one takes long, the other one starts the servers of the demo.
    exclude: ['test/session/races.test.ts', 'test/manager/dpop.test.ts'],
    testTimeout: 8_000,
    isolate: false,
    sequence: { hooks: 'list' },
    setupFiles: ['scripts/mutation/coverage.mjs'],
  },
})
