import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { alwaysOnline } from '../../src/in-process/always-online.ts'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import { noChannel } from '../../src/in-process/no-channel.ts'
import { queueLock } from '../../src/in-process/queue-lock.ts'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import { allowInsecureLoopback, createTokenManager, type TokenManager } from '../../src/index.ts'
import { type ConnectionFault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { type MisbehavingServer, type RequestFault, startMisbehavingServer } from '../support/misbehaving-server.ts'
import { wildEnds, wildGrants, wildRefusals } from '../support/wild-answers.ts'

/** A refresh whose outcome is known to nobody may take this long: lease, waiting and a second try. */
const patience = 60_000
/** A limit for requests whose answer does not come, ms; and one for all others. The second try after a lost answer has the same limit. */
const [SHORT, LONG] = [8_000, 20_000]

interface Setting {
  readonly server: MisbehavingServer
  readonly proxy: FaultProxy
  readonly tokens: TokenManager
  /** Another context of the same store. */
  readonly other: TokenManager
}

/** A real server behind a real proxy, and two contexts that are signed in with an access token that has expired. */
async function expired(run: (setting: Setting) => Promise<void>, requestTimeout = LONG) {
  const server = await startMisbehavingServer()
  const proxy = await startFaultProxy(server.port)
  const store = memoryStore<unknown>()
  const context = (name: string) =>
    createTokenManager(
      {
        issuer: server.issuer,
        clientId: 'spa',
        resources: [server.api],
        requestTimeout,
        metadata: server.metadata(name, proxy.origin),
        [allowInsecureLoopback]: true,
      },
      {
        store: { get: store.get, swap: store.swap },
        lock: queueLock(),
        channel: noChannel,
        clock: systemClock,
        lifecycle: alwaysOnline,
        crypto: webCrypto,
        fetch: (input, init) => fetch(input, init),
      },
    )
  const [tokens, other] = [context('a'), context('b')]
  try {
    await tokens.adopt({ ...server.issue(), expiresAt: Date.now() - 1 })
    await other.ready()
    await run({ server, proxy, tokens, other })
  } finally {
    tokens.dispose()
    other.dispose()
    await Promise.all([server.stop(), proxy.stop()])
  }
}

/** When a signed-in state says to try again. */
function retryAt({ state }: TokenManager): number {
  return (state.status === 'signedIn' && state.retryAt) || 0
}

const status = async (tokens: TokenManager, { api }: MisbehavingServer) => (await tokens.fetch(api)).status

describe.concurrent('a refusal as servers make them', () => {
  for (const [name, answer] of Object.entries(wildRefusals)) {
    it(
      `RT-02 RT-12: after ${name} the session is kept, suspended, backs off and recovers`,
      () =>
        expired(async ({ server, tokens, other }) => {
          server.always({ kind: 'refuse', answer })
          const began = Date.now()
          const error = await tokens.fetch(server.api).catch((error) => error)
          expect(error).toMatchObject({ name: 'TokenManagerError', retryAt: expect.any(Number) })
          expect(['ERR_TEMPORARILY_UNAVAILABLE', 'ERR_CLIENT_REJECTED']).toContain(error.code)
          expect(tokens.state).toMatchObject({ status: 'signedIn', health: 'suspended', cause: error })
          expect(retryAt(tokens) - began).toBeGreaterThan(1_500)
          expect(retryAt(tokens) - Date.now()).toBeLessThanOrEqual(3_600_000)
          const { length } = server.requests
          // An answer that was cut short may have been worth something: one more try, and that is all.
          expect(length).toBeLessThanOrEqual(2)
          for (const one of [tokens, other])
            await expect(one.getAccessToken()).rejects.toMatchObject({ reason: error.reason, status: error.status })
          expect(server.requests).toHaveLength(length)
          server.always(undefined)
          if (retryAt(tokens) - Date.now() > 10_000) return
          await sleep(Math.max(retryAt(tokens), retryAt(other)) - Date.now() + 50)
          expect([await status(other, server), await status(tokens, server)]).toEqual([200, 200])
          expect([tokens.state, other.state]).toMatchObject([{ health: 'ok' }, { health: 'ok' }])
          expect([server.reuse, server.overlap, server.requests.length]).toEqual([0, 1, length + 1])
        }),
      patience,
    )
  }

  it('RT-12: Retry-After in seconds and as a date is kept, a year is an hour', () =>
    Promise.all(
      (
        [
          ['a 429 with Retry-After in seconds', 3_000],
          ['a 503 with Retry-After as a date', 4_000],
          ['a 503 with a Retry-After of a year', 3_600_000],
        ] as const
      ).map(([name, wait]) =>
        expired(async ({ server, tokens }) => {
          server.next({ kind: 'refuse', answer: wildRefusals[name] })
          const asked = Date.now()
          const { retryAt } = await tokens.getAccessToken().catch((error) => error)
          expect(retryAt).toBeGreaterThanOrEqual(asked + wait)
          expect(retryAt).toBeLessThanOrEqual(Date.now() + wait)
        }),
      ),
    ).then(() => {}))
})

describe.concurrent('the end of a grant as servers say it', () => {
  for (const [name, answer] of Object.entries(wildEnds)) {
    it(`RT-02 RT-13: ${name} ends the session, once`, () =>
      expired(async ({ server, tokens, other }) => {
        server.always({ kind: 'refuse', answer })
        await expect(tokens.getAccessToken()).rejects.toMatchObject({
          reason: expect.stringMatching('invalid_grant|rejected'),
        })
        expect(tokens.state).toMatchObject({ status: 'signedOut', reason: 'rejected' })
        await expect(other.getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
        expect(server.requests).toHaveLength(1)
      }))
  }
})

describe.concurrent('a grant as servers make it', () => {
  for (const [name, { usable, change }] of Object.entries(wildGrants)) {
    it(
      `ACQ-21 RT-01: ${name} costs no refresh token`,
      () =>
        expired(async ({ server, tokens }) => {
          server.next({ kind: 'change', change })
          const called = await status(tokens, server).catch((error) => error)
          if (usable) expect(called).toBe(200)
          else {
            expect(called).toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
            const rotated = { health: 'suspended', cause: called, retryAt: expect.any(Number) }
            expect(tokens.state).toMatchObject({ status: 'signedIn', ...(name.startsWith('expires') ? {} : rotated) })
            await sleep(Math.max(retryAt(tokens) - Date.now(), 0) + 50)
          }
          await tokens.refresh()
          expect(await status(tokens, server)).toBe(200)
          expect(server.reuse).toBe(0)
          expect(server.requests.map(({ outcome }) => outcome)).toEqual(['granted', 'granted'])
        }),
      patience,
    )
  }
})

describe.concurrent('an answer that does not come', () => {
  const before: readonly [string, RequestFault | ConnectionFault][] = [
    ['the server resets before it works', { kind: 'reset' }],
    ['the network resets before the server', { kind: 'reset before' }],
  ]
  for (const [name, fault] of before) {
    it(`RT-10: ${name}: one more try, and all is well`, () =>
      expired(async ({ server, proxy, tokens }) => {
        suffer({ server, proxy }, fault)
        expect(await status(tokens, server)).toBe(200)
        expect(server.reuse).toBe(0)
      }))
  }

  const after: readonly [string, RequestFault | ConnectionFault][] = [
    ['the server resets in place of an answer', { kind: 'lose' }],
    ['the server hangs', { kind: 'hang' }],
    ['the server is later than the limit', { kind: 'late', ms: SHORT + 600 }],
    ['the network resets after the server', { kind: 'reset after' }],
    ['the network swallows the answer', { kind: 'drop' }],
    ['the network hangs', { kind: 'hang' }],
    ['the network is too slow', { kind: 'dribble', bytes: 2, ms: 100 }],
  ]
  for (const [name, fault] of after) {
    const isToldAtOnce = fault.kind === 'lose' || fault.kind === 'reset after'
    const limit = isToldAtOnce ? LONG : SHORT
    it(
      `RT-10: ${name}: with grace all is well, without it the outcome is unknown; never two at once`,
      async () => {
        await expired(async ({ server, proxy, tokens, other }) => {
          server.rotation = 'grace'
          suffer({ server, proxy }, fault, name)
          expect(await status(tokens, server)).toBe(200)
          expect(await status(other, server)).toBe(200)
          expect(server.requests.map(({ refreshToken }) => refreshToken)).toHaveLength(2)
        }, limit)
        await expired(async ({ server, proxy, tokens, other }) => {
          suffer({ server, proxy }, fault, name)
          await expect(tokens.fetch(server.api)).rejects.toMatchObject({ reason: 'outcome_unknown' })
          expect(tokens.state).toMatchObject({ status: 'signedOut', reason: 'outcome_unknown' })
          await expect(other.fetch(server.api)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
          expect([server.reuse, server.requests.length]).toEqual([1, 2])
        }, limit)
      },
      patience,
    )
  }

  it(
    'RT-10: half an answer is a failure with doubt: with grace the back-off is all it costs',
    () =>
      expired(async ({ server, proxy, tokens }) => {
        server.rotation = 'grace'
        proxy.next({ kind: 'cut', bytes: 350 })
        await expect(tokens.fetch(server.api)).rejects.toMatchObject({
          code: 'ERR_TEMPORARILY_UNAVAILABLE',
          status: 200,
        })
        expect(tokens.state).toMatchObject({ status: 'signedIn', health: 'suspended' })
        await sleep(retryAt(tokens) - Date.now() + 50)
        expect(await status(tokens, server)).toBe(200)
        expect(server.requests).toHaveLength(2)
      }),
    patience,
  )

  it('a slow network costs time and nothing else', () =>
    expired(async ({ server, proxy, tokens }) => {
      proxy.always({ kind: 'latency', ms: 200 })
      expect(await status(tokens, server)).toBe(200)
      expect(server.requests).toHaveLength(1)
    }))
})

/** Lets the next token request suffer it: at the server, or on the way there. */
function suffer(
  { server, proxy }: Pick<Setting, 'server' | 'proxy'>,
  fault: RequestFault | ConnectionFault,
  name = '',
) {
  if (name.startsWith('the server') || fault.kind === 'reset') server.next(fault as RequestFault)
  else proxy.next(fault as ConnectionFault)
}
