import { defineConfig } from 'vitest/config'

// What tells a fault in the session at once: real servers, real time and random histories are for other runs.
export default defineConfig({
  test: {
    include: [
      'test/session/**/*.test.ts',
      'test/authorized-fetch*.test.ts',
      'test/create-token-manager.test.ts',
      'test/follow-redirect.test.ts',
    ],
    exclude: ['test/session/races.test.ts'],
    testTimeout: 8_000,
    isolate: false,
    sequence: { hooks: 'list' },
    setupFiles: ['scripts/mutation-coverage.mjs'],
  },
})
