import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Lines of code, as Biome formats them: without empty ones and comments. */
function linesOf(source: string): number {
  return source.split('\n').filter((line) => line.trim() && !line.trim().startsWith('//')).length
}

it('counts lines of code', () => {
  expect(linesOf('// why\nconst a = 1 // what\n\nconst b = 2\n')).toBe(2)
})

it('the same app takes fewer lines than with react-oidc-context, as the document says', () => {
  const own = linesOf(read('bench/same-app/tokenward.tsx'))
  const theirs = linesOf(read('bench/same-app/react-oidc-context.tsx'))
  expect(own).toBeLessThanOrEqual(19)
  expect(own).toBeLessThan(theirs)
  expect(read('docs/frameworks.md')).toContain(`${own} lines with tokenward, ${theirs} with react-oidc-context`)
})
