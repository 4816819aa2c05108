import { describe, expect, it } from 'vitest'
import { dpop } from '../../src/manager/dpop.ts'
import { clientSecretBasic } from '../../src/node/client-authentication.ts'
import {
  createTokenManager,
  type NodeTokenManager,
  type NodeTokenManagerOptions,
} from '../../src/node/create-token-manager.ts'
import type { DevicePrompt, DeviceSignInOptions } from '../../src/node/device-sign-in.ts'
import { manualClock } from '../../src/testing/manual-clock.ts'
import { jsonResponse, unsignedIdToken } from '../../src/testing/scripted-answers.ts'
import { canary } from '../support/canary.ts'
import { instantSigning } from '../support/instant-signing.ts'
import { verifyProof } from '../support/proof.ts'

const issuer = 'https://as.example'
const metadata = {
  issuer,
  token_endpoint: `${issuer}/token`,
  device_authorization_endpoint: `${issuer}/device`,
  revocation_endpoint: `${issuer}/revoke`,
}
const offer = {
  device_code: 'canary-device-code',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://as.example/go',
  verification_uri_complete: 'https://as.example/go?c=WDJB-MJHT',
  expires_in: 600,
  interval: 5,
}
const tokens = { access_token: 'at', token_type: 'Bearer', expires_in: 600, refresh_token: 'rt', scope: 'notes' }
const pending = () => jsonResponse({ error: 'authorization_pending' }, 400)
const slowDown = () => jsonResponse({ error: 'slow_down' }, 400)
const granted = () => jsonResponse(tokens)
const unreachable = () => Promise.reject(new TypeError('fetch failed'))

/** A program whose server answers the device authorization request with `first`, and the polls with `polls`, the last of them again and again. */
function program(
  polls: readonly (() => Response | Promise<Response>)[],
  first: () => Response = () => jsonResponse(offer),
  options: Partial<NodeTokenManagerOptions> = {},
) {
  const clock = manualClock()
  const requests: { path: string; at: number; body: Record<string, string>; headers: Headers }[] = []
  let polled = 0
  const prompts: DevicePrompt[] = []
  const manager: NodeTokenManager = createTokenManager({
    issuer,
    metadata,
    clientId: 'cli',
    scope: 'notes',
    resources: [{ url: 'https://api.example/', resource: 'urn:api' }],
    ...options,
    clock,
    async fetch(input, init) {
      const path = new URL(String(input)).pathname
      const body = Object.fromEntries(new URLSearchParams(String(init?.body)))
      requests.push({ path, at: clock.elapsed(), body, headers: new Headers(init?.headers) })
      if (path === '/device') return first()
      if (path === '/revoke') return new Response('')
      const answer = polls[Math.min(polled++, polls.length - 1)]
      return answer ? answer() : expect.unreachable()
    },
  })
  const began = clock.elapsed()
  const signIn = async (options: Partial<DeviceSignInOptions> = {}, time = 700_000) => {
    await manager.ready()
    let settled = false
    const done = manager.signInWithDevice({ prompt: (prompt) => void prompts.push(prompt), ...options })
    const end = done.catch((error) => error).finally(() => (settled = true))
    for (let left = time; left > 0 && !settled; left -= 1_000) await clock.advance(1_000)
    expect(settled).toBe(true)
    return end
  }
  const times = () => requests.filter(({ path }) => path === '/token').map(({ at }) => at - began)
  const gaps = () => times().map((at, index) => (at - (times()[index - 1] ?? 0)) / 1000)
  return { clock, requests, prompts, manager, signIn, gaps }
}

describe('signInWithDevice', () => {
  it('ACQ-28: polls at the interval, for good 5 s less often after each slow_down, until the person has agreed', async () => {
    const { signIn, gaps, requests, manager } = program([pending, slowDown, pending, granted])
    expect(await signIn()).toMatchObject({ status: 'signedIn', session: { scope: 'notes' } })
    expect(gaps()).toEqual([5, 5, 10, 10])
    expect(requests[0]?.body).toEqual({ client_id: 'cli', scope: 'notes', resource: 'urn:api' })
    expect(requests[1]?.body).toEqual({
      client_id: 'cli',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: offer.device_code,
      resource: 'urn:api',
    })
    expect((await manager.getAccessToken()).value).toBe('at')
  })

  it('asks for the scopes of all APIs, and for a token of the first, where scope tells them apart', async () => {
    const { signIn, requests, manager } = program(
      [() => jsonResponse({ ...tokens, scope: 'api://a/read' })],
      undefined,
      {
        scope: 'offline_access',
        resources: [
          { url: 'https://a.example/', scope: 'api://a/read' },
          { url: 'https://graph.microsoft.com/', scope: 'Mail.Read' },
        ],
      },
    )
    await signIn()
    expect(requests.map(({ body }) => body.scope)).toEqual([
      'offline_access api://a/read Mail.Read',
      'offline_access api://a/read',
    ])
    expect(await manager.getAccessToken()).toMatchObject({ value: 'at', scope: 'api://a/read' })
    await manager.getAccessToken({ scope: 'Mail.Read' }).catch(() => {})
    expect(requests.at(-1)?.body).toMatchObject({ grant_type: 'refresh_token', scope: 'Mail.Read' })
  })

  it('ACQ-28: shows the person the codes and until when they are good, once, and never the device code', async () => {
    const { signIn, prompts, manager, clock } = program([pending, granted])
    const now = clock.now()
    await signIn()
    expect(prompts).toEqual([
      {
        userCode: 'WDJB-MJHT',
        verificationUri: 'https://as.example/go',
        verificationUriComplete: 'https://as.example/go?c=WDJB-MJHT',
        expiresAt: now + 600_000,
      },
    ])
    const bird = canary('canary-')
    bird.see([prompts, manager.state], 'what is shown')
    expect(bird.sightings).toEqual([])
  })

  it('takes 5 s where the server names no interval, and does without an address that holds the code', async () => {
    const { signIn, gaps, prompts } = program([pending, granted], () =>
      jsonResponse({ ...offer, interval: undefined, verification_uri_complete: undefined }),
    )
    await signIn()
    expect(gaps()).toEqual([5, 5])
    expect(prompts[0]).not.toHaveProperty('verificationUriComplete')
  })

  it('takes verification_url where there is no verification_uri, as from Google', async () => {
    const { verification_uri, verification_uri_complete: _, ...rest } = offer
    const { signIn, prompts } = program([granted], () => jsonResponse({ ...rest, verification_url: verification_uri }))
    await signIn()
    expect(prompts[0]).toMatchObject({ verificationUri: verification_uri })
  })

  it('ACQ-28 RT-12: waits twice as long after each failure of the network, and as long as the server says', async () => {
    const busy = () => new Response('', { status: 503, headers: { 'retry-after': '100' } })
    const blocked = () => new Response('<h1>Forbidden</h1>', { status: 403 })
    const { signIn, gaps } = program([unreachable, unreachable, pending, busy, pending, blocked, slowDown, granted])
    expect(await signIn()).toMatchObject({ status: 'signedIn' })
    expect(gaps()).toEqual([5, 10, 20, 5, 100, 5, 10, 10])
  })

  it('ACQ-28: stops at expired_token, and when the time is over whatever the server says; it does not begin again', async () => {
    for (const polls of [[pending, () => jsonResponse({ error: 'expired_token' }, 400)], [pending], [unreachable]]) {
      const { signIn, requests, prompts, clock, manager } = program(polls)
      expect(await signIn()).toMatchObject({ code: 'ERR_AUTHORIZATION_REJECTED', reason: 'transaction_expired' })
      const { length } = requests
      await clock.advance(3_600_000)
      expect([requests.length, prompts.length, manager.state.status]).toEqual([length, 1, 'signedOut'])
    }
  })

  it('ACQ-28: stops at any other error, and says what it means', async () => {
    for (const [error, expected] of [
      ['access_denied', { code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled', error: 'access_denied' }],
      ['invalid_client', { code: 'ERR_CLIENT_REJECTED', reason: 'invalid_client' }],
      ['invalid_grant', { code: 'ERR_GRANT_REJECTED', reason: 'invalid_grant' }],
      ['unsupported_grant_type', { code: 'ERR_CLIENT_REJECTED', error: 'unsupported_grant_type' }],
    ] as const) {
      const { signIn, gaps } = program([pending, () => jsonResponse({ error }, 400)])
      expect(await signIn()).toMatchObject(expected)
      expect(gaps()).toHaveLength(2)
    }
  })

  it('says that the answer was lost, when the code turns out to be used', async () => {
    const { signIn } = program([unreachable, () => jsonResponse({ error: 'invalid_grant' }, 400)])
    expect(await signIn()).toMatchObject({ reason: 'code_exchange_indeterminate' })
  })

  it('ends when it is told to, before and between the polls', async () => {
    const stop = new AbortController()
    const { signIn, manager, clock, requests } = program([pending])
    const waiting = manager.signInWithDevice({ prompt: () => {}, signal: stop.signal })
    await clock.advance(7_000)
    stop.abort(new Error('Ctrl-C'))
    await expect(waiting).rejects.toThrow('Ctrl-C')
    const { length } = requests
    expect(await signIn({ signal: stop.signal })).toMatchObject({ message: 'Ctrl-C' })
    expect(requests.length).toBe(length)
  })

  it('ends when it is told to while the person is shown the code', async () => {
    const stop = new AbortController()
    const { signIn, gaps } = program([pending])
    expect(await signIn({ signal: stop.signal, prompt: () => stop.abort(new Error('Ctrl-C')) })).toMatchObject({
      message: 'Ctrl-C',
    })
    expect(gaps()).toEqual([])
  })

  it('revokes what comes after it was told to end', async () => {
    const stop = new AbortController()
    const { signIn, requests } = program([
      async () => {
        stop.abort(new Error('Ctrl-C'))
        return granted()
      },
    ])
    expect(await signIn({ signal: stop.signal })).toMatchObject({ message: 'Ctrl-C' })
    expect(requests.at(-1)).toMatchObject({ path: '/revoke', body: { token: 'rt' } })
  })

  it('ACQ-28: checks the ID token as at any sign-in, and revokes what came with a wrong one', async () => {
    const claims = { iss: issuer, aud: 'cli', sub: 'u', exp: 9_999_999_999, iat: Date.UTC(2026, 0, 1) / 1000 }
    const scope = 'openid notes'
    const withIdToken = (id_token: string | undefined) => () => jsonResponse({ ...tokens, scope, id_token })
    const right = program([withIdToken(unsignedIdToken(claims))], undefined, { scope })
    expect(await right.signIn()).toMatchObject({ status: 'signedIn', session: { subject: 'u' } })
    for (const [wrong, reason] of [
      [unsignedIdToken({ ...claims, aud: 'other' }), 'id_token_aud'],
      [unsignedIdToken({ ...claims, exp: 1 }), 'id_token_exp'],
      [unsignedIdToken({ ...claims, nonce: 'n' }), 'id_token_nonce'],
      [undefined, 'id_token_missing'],
    ] as const) {
      const { signIn, requests, manager } = program([withIdToken(wrong)], undefined, { scope })
      expect(await signIn()).toMatchObject({ code: 'ERR_RESPONSE_INVALID', reason })
      expect(requests.at(-1)).toMatchObject({ path: '/revoke', body: { token: 'rt' } })
      expect(manager.state.status).toBe('signedOut')
    }
  })

  it('ACQ-17 ACQ-28: the client authenticates at each request', async () => {
    const { signIn, requests } = program([pending, granted], undefined, {
      clientId: 'a b:c',
      clientAuthentication: clientSecretBasic('p%&'),
    })
    await signIn()
    expect(requests).toHaveLength(3)
    for (const { headers, body } of requests) {
      expect(headers.get('authorization')).toBe(`Basic ${btoa('a+b%3Ac:p%25%26')}`)
      expect(body).not.toHaveProperty('client_secret')
    }
  })

  it('ACQ-28 DPO-06: with dpop() each poll has a proof of its own, and the session has the key', async () => {
    const bound = () => jsonResponse({ ...tokens, token_type: 'DPoP' })
    const { signIn, requests, manager } = program([pending, pending, bound], undefined, {
      dpop: dpop({ required: true, signing: instantSigning() }),
      metadata: { ...metadata, dpop_signing_alg_values_supported: ['ES256'] },
    })
    expect(await signIn()).toMatchObject({ status: 'signedIn' })
    const polls = requests.filter(({ path }) => path === '/token')
    const proofs = await Promise.all(polls.map(({ headers }) => verifyProof(headers.get('dpop') ?? '')))
    expect(new Set(proofs.map(({ claims }) => claims.jti)).size).toBe(3)
    expect(new Set(proofs.map(({ jkt }) => jkt)).size).toBe(1)
    const { jkt } = await verifyProof((await manager.headersFor('https://api.example/')).get('dpop') ?? '')
    expect(jkt).toBe(proofs[0]?.jkt)
  })

  it('names a prompt that is none, before anything is asked', async () => {
    const { manager, requests } = program([])
    await expect(manager.signInWithDevice({} as DeviceSignInOptions)).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining('Option prompt'),
    })
    expect(requests).toEqual([])
  })

  it('ends with what the prompt throws', async () => {
    const { signIn, gaps } = program([pending])
    const failing = async () => {
      throw new Error('no terminal')
    }
    expect(await signIn({ prompt: failing })).toMatchObject({ message: 'no terminal' })
    expect(gaps()).toEqual([])
  })

  it('shows nothing that a terminal obeys, and says what the server lacks', async () => {
    const bad = [
      { user_code: '\u001b[2J' },
      { user_code: '' },
      { verification_uri: 'javascript:alert(1)' },
      { verification_uri: 'https://x/\u001b]0;' },
      { verification_uri: undefined },
      { device_code: 7 },
      { expires_in: 0 },
    ]
    for (const change of bad) {
      const { signIn, prompts } = program([], () => jsonResponse({ ...offer, ...change }))
      const message = expect.stringContaining(` ${Object.keys(change)[0]}`)
      expect(await signIn()).toMatchObject({ code: 'ERR_RESPONSE_INVALID', message })
      expect(prompts).toEqual([])
    }
    const { signIn } = program([], () => jsonResponse({ error: 'unauthorized_client' }, 400))
    expect(await signIn()).toMatchObject({ code: 'ERR_CLIENT_REJECTED' })
    const without = createTokenManager({
      issuer,
      clientId: 'cli',
      fetch: () => expect.unreachable(),
      metadata: { issuer, token_endpoint: `${issuer}/token` },
    })
    await expect(without.signInWithDevice({ prompt: () => {} })).rejects.toMatchObject({ reason: 'endpoint_missing' })
  })
})
