import { memoryStore } from 'tokenward/node'
import { afterEach, expect, it } from 'vitest'
import { manualClock } from '../support/manual-clock.ts'
import { type BffSite, bffSite } from './bff-site.ts'

let site: BffSite
afterEach(() => site?.stop())

/** How many sign-ins are answered with a redirect. */
async function begin(count: number) {
  const answers = await Promise.all(
    Array.from({ length: count }, () => fetch(`${site.origin}/auth/login`, { redirect: 'manual' })),
  )
  return answers.filter(({ status }) => status === 303).length
}

it('sign-ins that nobody finishes cannot fill the store: they are counted, and go with the time', async () => {
  const clock = manualClock(Date.now())
  const inner = memoryStore<unknown>()
  const kept = new Set<string>()
  const store: typeof inner = {
    get: inner.get,
    async swap(key, tag, value, options) {
      const isDone = await inner.swap(key, tag, value, options)
      if (isDone && value === undefined) kept.delete(key)
      else if (isDone) kept.add(key)
      return isDone
    },
  }
  site = await bffSite({ pool: { store, clock }, bff: () => ({ maxSignIns: 10, clock }) })
  expect(await begin(12)).toBe(10)
  expect(kept.size).toBe(10)
  const refused = await fetch(`${site.origin}/auth/login`, { redirect: 'manual' })
  expect([refused.status, refused.headers.get('x-tokenward')]).toEqual([503, 'too_many_sign_ins'])
  expect(Number(refused.headers.get('retry-after'))).toBe(3_600)

  await clock.advance(3_600_000)
  expect(await begin(10)).toBe(10)
  await expect.poll(() => kept.size).toBe(10)
})

it('whoever is signed in can always sign in once more, as for a step-up', async () => {
  site = await bffSite({ bff: () => ({ maxSignIns: 1 }) })
  const alice = await site.signedIn()
  expect(await begin(1)).toBe(0)
  expect((await alice.go('/auth/login?maxAge=0')).status).toBe(303)
})
