import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { TestSpecification, Vitest } from 'vitest/node'
import { root } from '../../scripts/entries.mjs'
import TestOrder, { longFiles } from '../../scripts/test-order.mjs'

/** In which order files of one project run of which vitest knows no more than that they are there. */
async function orderOf(...names: readonly string[]): Promise<string[]> {
  const config = { root, isolate: true, sequence: { groupOrder: 0 } }
  const cache = { getFileTestResults: () => undefined, getFileStats: () => ({ size: 1 }) }
  const files = names.map((name) => ({ moduleId: join(root, name), project: { name: 'one', config } }))
  const order = new TestOrder({ config, cache } as unknown as Vitest)
  const sorted = await order.sort(files as unknown as TestSpecification[])
  return sorted.map(({ moduleId }) => moduleId.slice(root.length))
}

it('begins with the long ones, all of which are there', async () => {
  expect(longFiles.filter((name) => !existsSync(join(root, name)))).toEqual([])
  const [first = '', second = ''] = longFiles
  expect(await orderOf('test/canary.test.ts', second, first)).toEqual([first, second, 'test/canary.test.ts'])
})

it('puts files with one environment beside each other', async () => {
  const [inNode, inPage] = [
    ['test/canary.test.ts', 'test/mistakes.test.ts'],
    ['test/react/react.test.ts', 'test/vue/vue.test.ts'],
  ] as const
  expect(await orderOf(inNode[0], inPage[0], inNode[1], inPage[1])).toEqual([...inNode, ...inPage])
})
