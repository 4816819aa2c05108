import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { TestSpecification, Vitest } from 'vitest/node'
import { root } from '../../scripts/entries.mjs'
import LongestFirst, { longFiles } from '../../scripts/longest-first.mjs'

it('names files that are there', () => {
  expect(longFiles.filter((name) => !existsSync(join(root, name)))).toEqual([])
})

it('puts them first, and leaves the others as vitest sorts them', async () => {
  const config = { root, isolate: true, sequence: { groupOrder: 0 } }
  const sizes: Readonly<Record<string, number>> = { 'a.test.ts': 1, 'test/browser/chaos.test.ts': 2, 'b.test.ts': 3 }
  const cache = {
    getFileTestResults: () => undefined,
    getFileStats: (key: string) => ({ size: sizes[key.replace('browser:', '')] }),
  }
  const files = Object.keys(sizes).map((name) => ({ moduleId: join(root, name), project: { name: 'browser', config } }))

  const sorted = await new LongestFirst({ config, cache } as unknown as Vitest).sort(
    files as unknown as TestSpecification[],
  )
  expect(sorted.map(({ moduleId }) => moduleId.slice(root.length))).toEqual([
    'test/browser/chaos.test.ts',
    'b.test.ts',
    'a.test.ts',
  ])
})
