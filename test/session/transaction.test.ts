import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import type { Session } from '../../src/session/session.ts'
import { type Step, stepFrom } from '../../src/session/step-up.ts'
import { checkAge, keepTransaction, type Transaction, takeTransaction } from '../../src/session/transaction.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { manualClock } from '../support/manual-clock.ts'
import { itInDevelopment } from '../support/sentences.ts'

const minute = 60_000

/** What sign-ins on their way need of a session, over a storage that other pages may share. */
function page(live?: Partial<SessionRecord>) {
  const clock = manualClock(1_000 * minute)
  const store = faultyStore(memoryStore<unknown>())
  const session = { name: 'n', live, platform: { store, clock } } as unknown as Session
  const begin = (state: string, more: Partial<Transaction> = {}, refusal?: Step['refusal']) =>
    keepTransaction(
      session,
      {
        ...{ state, createdAt: clock.now(), codeVerifier: 'v', redirectUri: 'https://app.example/cb' },
        ...{ issuer: 'https://as.example', scope: 'notes', ...more },
      },
      refusal,
    )
  /** Begins one that is to bring an authentication context class. */
  const beginStep = async (state: string, acr: string) => {
    const step = stepFrom(session.live, { acrValues: [acr] }, clock.now())
    if (step !== 'there') await begin(state, step.transaction, step.refusal)
  }
  const stored = async () => (await store.get('n.pending'))?.value
  return {
    clock,
    store,
    session,
    begin,
    beginStep,
    stored,
    async take(state: string, cancelled = false) {
      const taken = await takeTransaction(session, state, cancelled)
      checkAge(taken, clock.now())
      return taken
    },
  }
}

const used = { code: 'ERR_AUTHORIZATION_REJECTED', reason: 'state_mismatch' }

describe('a sign-in on its way', () => {
  it('ACQ-03: is taken once, whole, and nothing of it is left in the storage', async () => {
    const { begin, take, stored } = page()
    await begin('a', { returnTo: '/notes', nonce: 'n' })
    expect(await take('a')).toMatchObject({ state: 'a', nonce: 'n', returnTo: '/notes' })
    expect(await stored()).toBeUndefined()
    await expect(take('a')).rejects.toMatchObject(used)
  })

  it('ACQ-03: others stay, and one that nobody began changes nothing', async () => {
    const { begin, take, store, stored } = page()
    await begin('a')
    await begin('b')
    const { swap } = store.count
    await expect(take('x')).rejects.toMatchObject(used)
    expect(store.count.swap).toBe(swap)
    await take('a')
    expect(await stored()).toMatchObject([{ state: 'b' }])
  })

  it.each([
    ['is good for an hour', 60 * minute - 1, true],
    ['and no longer', 60 * minute, false],
    ['also by a clock that was set back', -60 * minute + 1, true],
    ['but not by one that was set back further', -60 * minute, false],
  ])('ACQ-03: %s', async (_, later, good) => {
    const { clock, begin, take, stored } = page()
    await begin('a')
    clock.jump(later)
    if (good) await take('a')
    else await expect(take('a')).rejects.toMatchObject({ ...used, reason: 'transaction_expired' })
    expect(await stored()).toBeUndefined()
  })

  it('old ones go when another begins, and of more than sixteen the oldest', async () => {
    const { clock, begin, take, stored } = page()
    await begin('old')
    clock.jump(60 * minute)
    for (let n = 0; n < 17; n++) await begin(`${n}`)
    expect(await stored()).toHaveLength(16)
    await expect(take('old')).rejects.toMatchObject(used)
    await expect(take('0')).rejects.toMatchObject(used)
    expect(await take('1')).toMatchObject({ state: '1' })
    expect(await take('16')).toMatchObject({ state: '16' })
  })

  it('two pages that write at once both find theirs', async () => {
    const { begin, take } = page()
    await Promise.all(['a', 'b', 'c'].map((state) => begin(state)))
    for (const state of ['a', 'b', 'c']) await take(state)
  })

  itInDevelopment.each([['a text'], [{ state: 'a' }], [[null, undefined, 0]], [17]])(
    'STO-04: %j in the storage is no sign-in, and in nobody’s way',
    async (nonsense) => {
      const { begin, take, store } = page()
      await store.swap('n.pending', undefined, nonsense)
      await expect(take('a')).rejects.toMatchObject(used)
      await begin('b')
      expect(await take('b')).toMatchObject({ state: 'b' })
    },
  )

  it('a storage that refuses says so', async () => {
    for (const operation of ['get', 'swap']) {
      const { begin, take, store } = page()
      await begin('a')
      store.fault = (asked) => (asked === operation ? 'before' : undefined)
      for (const call of [begin('b'), take('a')]) await expect(call).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' })
    }
  })
})

describe('a step-up that came back', () => {
  const unsatisfied = { code: 'ERR_RESPONSE_INVALID', reason: 'step_up_unsatisfied' }

  it('USE-14: is not begun again for half a minute, whatever else is', async () => {
    const { clock, begin, beginStep, take } = page()
    await beginStep('a', 'gold')
    await beginStep('still on its way', 'gold')
    await take('a')
    await expect(beginStep('b', 'gold')).rejects.toMatchObject(unsatisfied)
    await beginStep('c', 'platinum')
    await begin('d')
    await clock.advance(30_000 - 1)
    await expect(beginStep('b', 'gold')).rejects.toMatchObject(unsatisfied)
    await clock.advance(1)
    await beginStep('b', 'gold')
    await expect(take('undefined')).rejects.toMatchObject(used)
  })

  it('with a no of the person may begin at once', async () => {
    const { beginStep, take, stored } = page()
    await beginStep('a', 'gold')
    await take('a', true)
    expect(await stored()).toBeUndefined()
    await beginStep('b', 'gold')
  })

  it('leaves nothing behind where it was an ordinary sign-in', async () => {
    const { begin, take, stored } = page()
    await begin('a')
    await take('a', false)
    expect(await stored()).toBeUndefined()
    await begin('b')
  })

  it('may begin again where the session is from after it and tells what it brought', async () => {
    const claims = { sub: 'alice' } as NonNullable<SessionRecord['claims']>
    for (const [live, again] of [
      [{ claims, signedInAt: 1_000 * minute }, true],
      [{ claims, signedInAt: 1_000 * minute - 1 }, false],
      [{ signedInAt: 1_000 * minute }, false],
      [undefined, false],
    ] as const) {
      const { beginStep, take } = page(live)
      await beginStep('a', 'gold')
      await take('a')
      const next = beginStep('b', 'gold')
      if (again) await next
      else await expect(next).rejects.toMatchObject(unsatisfied)
    }
  })
})
