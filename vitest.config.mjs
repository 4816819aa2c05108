import { defineConfig } from 'vitest/config'
import { entries } from './scripts/entries.mjs'
import TestOrder from './scripts/test-order.mjs'
import { withoutChecks } from './scripts/without-checks.mjs'
import { withoutSentences } from './scripts/without-sentences.mjs'

// What counts memory is not to meet what other tests left behind.
const memory = ['test/hostile/28-large-uploads.test.ts', 'test/hostile/29-constant-memory.test.ts']

// Nor is what puts its own browser in the place of globals, or loads the sources once more for each test.
const apart = [
  'test/browser-adapters/**/*.test.ts',
  'test/react-native/gated.test.ts',
  'test/react-native/hardware-key.test.ts',
  'test/react-native/phone.test.ts',
  'test/react-native/reports.test.ts',
]

// Their blocks are compiled, which takes as long as a tenth of the unit tests.
const documents = ['test/documents.test.ts', 'test/document-scripts.test.ts']

// The package's own name means its sources; test/package means what was built.
const alias = entries.map(({ specifier, source }) => ({ find: new RegExp(`^${specifier}$`), replacement: source }))

// Ends what hangs, and nothing that is only slow: a machine may have much else to do.
const watchdog = { testTimeout: 600_000, hookTimeout: 600_000, expect: { poll: { timeout: 60_000, interval: 10 } } }

// The tests of what pages ship, on sources without sentences and checks for developers, as the build for production has them.
const early = { enforce: /** @type {const} */ ('pre') }
const production = {
  resolve: { alias },
  plugins: [
    { ...withoutSentences(), ...early },
    { ...withoutChecks(), ...early },
  ],
}
const leftOut = { SENTENCES: 'left out' }
const rooms =
  'angular,devtools,explain-token,field,in-process,manager,protocol,providers,react,requests,sealing,session,svelte,telemetry,vue'
const aloneInPages = ['test/browser-adapters/**/*.test.ts', 'test/hostile/28-large-uploads.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            ...[
              'test/package/**',
              'test/browser/**',
              'test/hostile/**',
              'test/node/**',
              'test/redis/**',
              'test/simulation/**',
              'test/platforms/**',
            ],
            ...apart,
            ...documents,
          ],
          // The files share a process: to load the sources for each of them took longer than most of the tests.
          isolate: false,
          ...watchdog,
        },
      },
      { resolve: { alias }, test: { name: 'unit-apart', include: apart, isolate: false, ...watchdog } },
      { resolve: { alias }, test: { name: 'documents', include: documents, isolate: false, ...watchdog } },
      {
        ...production,
        test: {
          name: 'production',
          include: [`test/{${rooms}}/**/*.test.ts`, 'test/{mistakes,canary}.test.ts', 'test/bff/page-*.test.ts'],
          exclude: apart,
          env: leftOut,
          isolate: false,
          ...watchdog,
        },
      },
      {
        ...production,
        test: { name: 'production-alone', include: aloneInPages, env: leftOut, ...watchdog },
      },
      // Thousands of random inputs a test: they take as long as half of the unit tests.
      {
        resolve: { alias },
        test: { name: 'hostile', include: ['test/hostile/**/*.test.ts'], exclude: memory, isolate: false, ...watchdog },
      },
      { resolve: { alias }, test: { name: 'hostile-alone', include: memory, ...watchdog } },
      // What it needs is installed by `npm run test:platforms`.
      {
        test: {
          name: 'platforms',
          include: ['test/platforms/**/*.test.ts'],
          ...watchdog,
        },
      },
      {
        resolve: { alias },
        test: { name: 'simulation', include: ['test/simulation/**/*.test.ts'], ...watchdog },
      },
      { test: { name: 'package', include: ['test/package/**/*.test.ts'], isolate: false, ...watchdog } },
      {
        resolve: { alias },
        test: {
          name: 'node',
          include: ['test/node/**/*.test.ts', 'test/redis/**/*.test.ts'],
          // More files at a time than there may be processors, for most of the time they wait. Each starts processes of its own.
          maxWorkers: 3,
          ...watchdog,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          // The same; each has a browser of its own.
          maxWorkers: 3,
          ...watchdog,
        },
      },
    ],
    sequence: { sequencer: TestOrder },
    coverage: { include: ['src/**'], reporter: ['text', 'html'] },
  },
})
