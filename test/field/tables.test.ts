import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { withTables } from '../../scripts/providers.mjs'

const document = () => readFileSync(`${root}docs/providers/README.md`, 'utf8')

it('docs/providers/README.md has the rows of the fixtures: `node scripts/providers.mjs` writes them', () => {
  expect(withTables(document()) === document(), 'run `node scripts/providers.mjs`, and commit the document').toBe(true)
})

it('a row that was changed by hand is seen', () => {
  const changed = document().replace('| Entra, one tenant |', '| Entra |')
  expect(withTables(changed)).not.toBe(changed)
})
