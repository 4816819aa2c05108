import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { secureStore } from '../../src/react-native/index.ts'
import { killableKeychain, type Replacement } from '../react-native/killable-keychain.ts'

const KEY = 'session'
const replacements: readonly Replacement[] = ['at once', 'remove, then add']

describe('STO-05: an app that is killed before any step of a write', () => {
  it('leaves the old value or the new one, whatever was written, removed and killed before', async () => {
    const step = fc.record({
      value: fc.option(fc.string({ unit: 'binary', maxLength: 900, size: 'max' }), { nil: undefined }),
      steps: fc.integer({ min: 0, max: 12 }),
      keychain: fc.constantFrom('healthy', 'deaf', 'locked'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...replacements),
        fc.array(step, { maxLength: 12 }),
        async (replacement, lives) => {
          const keychain = killableKeychain()
          let present: unknown
          for (const { value, steps, keychain: mood } of lives) {
            const { tag } = (await secureStore(keychain.start(), { partSize: 200 }).get(KEY)) ?? {}
            const isDeaf = () => mood === 'deaf'
            const isLocked = () => mood === 'locked'
            const dying = secureStore(keychain.start({ replacement, steps, isDeaf, isLocked }), { partSize: 200 })
            const wrote = await dying.swap(KEY, tag, value).catch(() => false)

            const found = (await secureStore(keychain.start(), { partSize: 200 }).get(KEY))?.value
            expect([present, value]).toContainEqual(found)
            if (wrote) expect(found).toEqual(value)
            present = found
          }

          // Two short values later, one in each place, nothing is left of what the killed apps wrote.
          const last = secureStore(keychain.start(), { partSize: 200 })
          for (const value of [1, 2]) await last.swap(KEY, (await last.get(KEY))?.tag, value)
          expect(keychain.items.size).toBe(1)
        },
      ),
      { numRuns: 80 },
    )
  })
})
