import { describe, expect, it } from 'vitest'
import { storeContract as contract, type StoreContexts } from '../../src/testing/store-contract.ts'

const shown = [
  'STO-07: lets exactly one of 50 concurrent swaps win, from both contexts',
  'STO-04: gives odd and large values back as they were',
  'STO-06: accepts either durability',
]

/** What every store does. `create` makes an empty storage with two contexts; each call another one. */
export function storeContract(name: string, create: () => Promise<StoreContexts>): void {
  describe(`${name} keeps the Store contract`, () => {
    const named: string[] = []
    contract({
      create,
      test(title, run) {
        const known = shown.find((one) => one.endsWith(`: ${title}`))
        if (known) named.push(known)
        it(known ?? title, run)
      },
    })
    expect(named).toEqual(shown)
  })
}
