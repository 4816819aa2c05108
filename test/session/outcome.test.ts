import { describe, expect, it } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import type { StoredAccessToken } from '../../src/protocol/access-token.ts'
import { isUsable, offlineOr, signedOutError, storeFailed } from '../../src/session/outcome.ts'
import { NEWER_VERSION } from '../../src/session/record.ts'
import type { Session } from '../../src/session/session.ts'

describe('what a storage rejects with', () => {
  it('becomes an error that says so, without what it said', () => {
    for (const cause of [new Error('rt-secret'), 'rt-secret', undefined, { retryAt: 7 }]) {
      const error = storeFailed(cause)
      expect(error).toMatchObject({ code: 'ERR_STORE_FAILED', reason: 'store_failed' })
      expect(`${error.message}${JSON.stringify(error)}`).not.toContain('rt-secret')
    }
  })

  it('is handed on where it knows when to ask again, or says itself what is wrong, and only there', () => {
    const later = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'store_failed', 'down', { retryAt: 7 })
    const open = new TokenManagerError('ERR_STORE_FAILED', 'store_failed', 'The folder has mode 755')
    for (const error of [later, open]) expect(storeFailed(error)).toBe(error)
    const foreign = new TokenManagerError('ERR_UNSUPPORTED', 'insecure_context')
    expect(storeFailed(foreign)).toMatchObject({ code: 'ERR_STORE_FAILED', cause: foreign })
  })

  it('COO-15: of a newer version is the end of this page', () => {
    expect(storeFailed(NEWER_VERSION)).toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'incompatible_version' })
  })
})

describe('an access token', () => {
  const now = 1_800_000_000_000
  const session = { platform: { clock: { now: () => now } } } as unknown as Session
  const usable = (more: Partial<StoredAccessToken> | undefined) =>
    isUsable(session, more && ({ obtainedAt: now, ...more } as StoredAccessToken))

  it('is usable while its expiry is ahead, or unknown', () => {
    expect([usable({ expiresAt: now + 1 }), usable({ expiresAt: now }), usable({}), usable(undefined)]).toEqual([
      ...[true, false, true, false],
    ])
  })

  it('RT-08: is not from a future further away than a clock that was put right', () => {
    expect([usable({ obtainedAt: now + 10_000 }), usable({ obtainedAt: now + 10_001 })]).toEqual([true, false])
  })
})

it('ERR-05: a failure is called offline where there is no network', () => {
  const session = (online: boolean) => ({ platform: { lifecycle: { isOnline: () => online } } }) as unknown as Session
  expect([offlineOr(session(true), 'failed'), offlineOr(session(false), 'failed')]).toEqual(['failed', 'offline'])
})

it('why nobody is signed in is in the error, with what led to it', () => {
  const cause = new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled')
  const of = (state: object) => signedOutError({ held: { state } } as unknown as Session)
  const error = of({ status: 'signedOut', reason: 'idle', error: cause })
  expect(error).toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'idle' })
  expect(error.cause).toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED' })
  expect(of({ status: 'signedIn' })).toMatchObject({ code: 'ERR_SIGNED_OUT', reason: 'signed_out_elsewhere' })
})
