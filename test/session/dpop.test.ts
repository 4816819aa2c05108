import { describe, expect, it } from 'vitest'
import { type DpopOptions, dpop, type TokenManagerOptions } from '../../src/index.ts'
import { instantSigning } from '../support/instant-signing.ts'
import { verifyProof } from '../support/proof.ts'
import { scriptedUserAgent } from '../support/scripted-user-agent.ts'
import { idToken, json } from '../support/simulated-server.ts'
import { type Context, type World, type WorldOptions, world } from '../support/world.ts'

const redirectUri = 'https://app.example/callback'
const API = 'https://api.example/notes'

/** A world whose server offers DPoP, and whose API does what RFC 9449 §7 says but for signatures. */
function bound(options?: WorldOptions): World {
  const made = world(options)
  made.server.dpop = true
  return made
}

/** What a manager with DPoP is made with. */
const withDpop = (w: World, options: DpopOptions = {}): Partial<TokenManagerOptions> => ({
  ...{ dpop: dpop({ signing: instantSigning(), ...options }), redirectUri },
  userAgent: scriptedUserAgent((url) => w.server.authorize(url), 'popup'),
})

async function signedIn(w: World, options: DpopOptions = {}): Promise<Context> {
  const context = w.context(withDpop(w, options))
  await w.after(100, context.manager.signIn())
  return context
}

const proofs = ({ server }: World) => Promise.all(server.requests.map(({ proof }) => verifyProof(proof)))

describe('signing in', () => {
  it('DPO-06: the authorization request, the code, the tokens and every refresh are bound to one key', async () => {
    const w = bound()
    const agent = scriptedUserAgent((url) => w.server.authorize(url), 'popup')
    const { manager, told } = w.context({ ...withDpop(w), userAgent: agent })
    await w.after(100, manager.signIn())
    expect(await w.after(0, manager.getAccessToken())).toMatchObject({ type: 'DPoP' })
    await w.after(100, manager.refresh())
    await w.clock.advance(290_000)
    await w.after(100, manager.getAccessToken())
    const seen = await proofs(w)
    expect(seen).toHaveLength(3)
    const jkt = new URL(agent.visited[0] ?? '').searchParams.get('dpop_jkt')
    expect(seen.map((proof) => proof.jkt)).toEqual([jkt, jkt, jkt])
    expect(seen[0]?.claims).toMatchObject({ htm: 'POST', htu: 'https://as.example/token' })
    expect(seen[0]?.claims).not.toHaveProperty('ath')
    expect(new Set(seen.map(({ claims }) => claims.jti)).size).toBe(3)
    expect(told).not.toContain('dpop_not_bound')
    expect(w.server.reuse).toBe(0)
  })

  it('DPO-01: each sign-in has a key of its own, and signing out leaves none', async () => {
    const w = bound()
    const { manager } = await signedIn(w)
    const first = (await w.record())?.dpopKey?.publicKey
    await w.after(100, manager.signIn())
    const second = (await w.record())?.dpopKey?.publicKey
    expect(second).toMatchObject({ kty: 'EC' })
    expect(second).not.toEqual(first)
    await w.after(100, manager.signOut())
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'signed_out' } })
    expect(JSON.stringify(await w.record())).not.toContain(second?.x)
  })

  it('another tab and another page use the same key', async () => {
    const w = bound()
    await signedIn(w)
    const other = await w.opened(withDpop(w))
    await w.after(100, other.manager.refresh())
    await w.after(100, other.manager.fetch(API))
    const [one, two] = await proofs(w)
    const api = await verifyProof(w.server.calls[0]?.proof)
    expect([two?.jkt, api.jkt]).toEqual([one?.jkt, one?.jkt])
  })

  it('without the option tokens are Bearer tokens, whatever the server offers', async () => {
    const w = bound()
    const agent = scriptedUserAgent((url) => w.server.authorize(url), 'popup')
    const { manager, told } = w.context({ redirectUri, userAgent: agent })
    await w.after(100, manager.signIn())
    expect(await w.after(0, manager.getAccessToken())).toMatchObject({ type: 'Bearer' })
    expect(agent.visited[0]).not.toContain('dpop_jkt')
    expect(w.server.requests.map(({ proof }) => proof)).toEqual([undefined])
    expect(told).not.toContain('dpop_not_bound')
  })

  it('DPO-07 DPO-12: a server that does not offer it gives Bearer tokens and an event, or nothing where it is required', async () => {
    const w = world()
    const { manager, events } = await signedIn(w)
    await w.settle()
    expect(await w.after(0, manager.getAccessToken())).toMatchObject({ type: 'Bearer' })
    expect(events).toContainEqual(expect.objectContaining({ type: 'dpop_not_bound', reason: 'dpop_unsupported' }))

    const strict = world()
    const agent = scriptedUserAgent((url) => strict.server.authorize(url), 'popup')
    const { manager: refused } = strict.context({ ...withDpop(strict, { required: true }), userAgent: agent })
    await expect(strict.after(100, refused.signIn())).rejects.toMatchObject({
      ...{ code: 'ERR_UNSUPPORTED', reason: 'dpop_unsupported' },
    })
    expect([agent.visited, strict.server.requests]).toEqual([[], []])
  })

  it('DPO-07 ERR-06: a Bearer answer to a proof is used and told, or refused and revoked where DPoP is required', async () => {
    const downgrade = (w: World) => {
      w.server.after = async (_, answer) => json({ ...((await answer.json()) as object), token_type: 'Bearer' })
    }
    const w = bound()
    downgrade(w)
    const { manager, events } = await signedIn(w)
    await w.settle()
    expect(await w.after(0, manager.getAccessToken())).toMatchObject({ type: 'Bearer' })
    expect(events).toContainEqual(expect.objectContaining({ type: 'dpop_not_bound', reason: 'dpop_not_bound' }))

    const strict = bound()
    downgrade(strict)
    await expect(signedIn(strict, { required: true })).rejects.toMatchObject({
      ...{ code: 'ERR_RESPONSE_INVALID', reason: 'dpop_not_bound' },
    })
    await strict.settle()
    expect(await strict.record()).toBeUndefined()
    expect(strict.server.revoked).toMatchObject([{ hint: 'refresh_token' }])
  })

  it('ACQ-21: a DPoP answer to a request without a proof is of no use', async () => {
    const w = world()
    w.server.after = async (_, answer) => json({ ...((await answer.json()) as object), token_type: 'DPoP' })
    await expect(signedIn(w)).rejects.toMatchObject({ reason: 'unsupported_token_type' })
  })

  it('DPO-07: with DPoP required no refresh brings a Bearer token, and the session goes on', async () => {
    const w = bound()
    const { manager } = await signedIn(w, { required: true })
    const { value } = await w.after(0, manager.getAccessToken())
    w.server.after = async (_, answer) => json({ ...((await answer.json()) as object), token_type: 'Bearer' })
    await expect(w.after(3_000, manager.refresh())).rejects.toMatchObject({ reason: 'dpop_not_bound' })
    expect((await w.after(0, manager.getAccessToken())).value).toBe(value)
    w.server.after = (_, answer) => answer
    await w.clock.advance(60_000)
    expect(await w.after(3_000, manager.refresh())).toMatchObject({ type: 'DPoP' })
    expect(w.server.reuse).toBe(0)
  })
})

describe('adopt()', () => {
  const tokens = { accessToken: 'at', refreshToken: 'rt', tokenType: 'DPoP' } as const

  it('takes tokens with the key that they are bound to', async () => {
    const w = bound()
    const dpopKey = await instantSigning().generate('ES256', true)
    const { manager } = w.context(withDpop(w, { required: true }))
    await w.after(100, manager.adopt({ ...tokens, dpopKey }))
    await w.after(100, manager.fetch(API))
    const { header } = await verifyProof(w.server.calls[0]?.proof)
    expect(header.jwk).toEqual(dpopKey.publicKey)
  })

  it('refuses bound tokens without their key, without the option, and unbound ones where DPoP is required', async () => {
    const w = bound()
    const dpopKey = await instantSigning().generate('ES256', true)
    const refused = { code: 'ERR_INVALID_OPTION', reason: 'dpop_not_bound' }
    const cases: [Partial<TokenManagerOptions>, object][] = [
      [withDpop(w), tokens],
      [withDpop(w), { ...tokens, dpopKey: { ...dpopKey, privateKey: {} } }],
      [{}, { ...tokens, dpopKey }],
      [{}, tokens],
      [withDpop(w, { required: true }), { accessToken: 'at' }],
    ]
    for (const [options, given] of cases) {
      const { manager } = w.context({ ...options, account: `${cases.length}` })
      await expect(w.after(100, manager.adopt(given as typeof tokens))).rejects.toMatchObject(refused)
      manager.dispose()
    }
    expect(await w.record()).toBeUndefined()
  })
})

describe("the server's nonces", () => {
  it('DPO-09: are asked for once, kept from any answer, and cost no second presentation', async () => {
    const w = bound()
    w.server.dpopNonce = 'n1'
    w.server.after = (_, answer) => {
      if (answer.ok) answer.headers.set('dpop-nonce', 'n2')
      return answer
    }
    const { manager, told } = await signedIn(w)
    w.server.dpopNonce = 'n2'
    await w.after(100, manager.refresh())
    expect((await proofs(w)).map(({ claims }) => claims.nonce)).toEqual([undefined, 'n1', 'n2'])
    w.server.dpopNonce = 'n3'
    await w.after(100, manager.refresh())
    expect((await proofs(w)).map(({ claims }) => claims.nonce)).toEqual([undefined, 'n1', 'n2', 'n2', 'n3'])
    expect(w.server.reuse).toBe(0)
    expect(told).not.toContain('refresh_failed')
    expect(new Set((await proofs(w)).map(({ claims }) => claims.jti)).size).toBe(5)
  })

  it('DPO-09 RT-02: a server that always wants another one is no loop and no end of the session', async () => {
    const w = bound()
    const { manager } = await signedIn(w)
    let nonce = 0
    w.server.before = () => json({ error: 'use_dpop_nonce' }, 400, { 'dpop-nonce': `n${++nonce}` })
    await expect(w.after(100, manager.refresh())).rejects.toMatchObject({ error: 'use_dpop_nonce' })
    expect(w.server.requests).toHaveLength(3)
    w.server.before = () => json({ error: 'use_dpop_nonce' }, 400)
    await w.clock.advance(60_000)
    await expect(w.after(100, manager.refresh())).rejects.toMatchObject({ error: 'use_dpop_nonce' })
    expect(w.server.requests).toHaveLength(4)
    w.server.before = () => undefined
    await w.clock.advance(60_000)
    expect(await w.after(100, manager.refresh())).toMatchObject({ type: 'DPoP' })
  })

  it('RT-11: a page that slept before the second sending sends nothing, and claims anew', async () => {
    const w = bound()
    const { manager } = await signedIn(w)
    let asked = 0
    let answer = () => {}
    w.server.before = () => {
      if (++asked > 1) return
      return new Promise((resolve) => {
        answer = () => resolve(json({ error: 'use_dpop_nonce' }, 400, { 'dpop-nonce': 'n' }))
      })
    }
    const owners = new Set<string>()
    const refreshing = manager.refresh()
    await w.settle()
    owners.add((await w.record())?.lease?.owner ?? '')
    // The answer comes when the claim is too old for another request.
    await w.clock.advance(3_500)
    w.server.after = async (_, response) => {
      owners.add((await w.record())?.lease?.owner ?? '')
      return response
    }
    answer()
    await w.after(100, refreshing)
    expect(owners.size).toBe(2)
    expect(asked).toBe(2)
    expect(w.server.reuse).toBe(0)
    expect((await proofs(w)).at(-1)?.claims.nonce).toBe('n')
  })
})

describe('a key that is gone', () => {
  const lost = { code: 'ERR_SIGNED_OUT', reason: 'dpop_key_lost' }
  const presented = ({ server }: World) => server.requests.filter(({ grantType }) => grantType === 'refresh_token')

  it.each<[string, (record: object) => object]>([
    ['taken out of the record', ({ dpopKey: _, ...record }: { dpopKey?: unknown }) => record],
    [
      'stored as an empty object',
      (record) => ({ ...record, dpopKey: { alg: 'ES256', privateKey: {}, publicKey: {} } }),
    ],
  ])('RT-15: %s ends the session for everybody, and no refresh token leaves without a proof', async (_, damage) => {
    const w = bound()
    const first = await signedIn(w)
    first.crash()
    await w.write((record) => damage(record ?? {}))
    const { manager } = await w.opened(withDpop(w))
    await w.settle()
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'dpop_key_lost' })
    await expect(w.after(100, manager.getAccessToken())).rejects.toMatchObject(lost)
    await expect(w.after(100, manager.fetch(API))).rejects.toMatchObject(lost)
    expect([presented(w), w.server.calls]).toEqual([[], []])
    expect(await w.record()).toMatchObject({ signedOut: { reason: 'dpop_key_lost' }, accessTokens: {} })
    // What nobody can use any more is revoked all the same.
    expect(w.server.revoked.map(({ hint }) => hint)).toContain('refresh_token')
    await w.after(100, manager.signIn())
    expect(manager.state).toMatchObject({ status: 'signedIn' })
  })

  it('RT-15: that cannot sign any more ends the session at the next refresh or call', async () => {
    for (const use of ['refresh', 'fetch'] as const) {
      const w = bound()
      const signing = instantSigning()
      const { manager, told } = await signedIn(w, { signing })
      signing.broken = true
      const used: Promise<unknown> = use === 'refresh' ? manager.refresh() : manager.fetch(API)
      await expect(w.after(100, used)).rejects.toMatchObject(lost)
      await w.settle()
      expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'dpop_key_lost' })
      expect([presented(w), w.server.calls]).toEqual([[], []])
      expect(told).toContain('signed_out')
      expect(w.server.living).toEqual([])
    }
  })

  it('a page without the option leaves the session to those that have it', async () => {
    const w = bound()
    const first = await signedIn(w)
    const old = await w.opened({ redirectUri })
    expect(old.manager.state).toMatchObject({ status: 'signedOut', reason: 'dpop_key_lost' })
    await expect(w.after(100, old.manager.fetch(API))).rejects.toMatchObject(lost)
    await w.clock.advance(400_000)
    expect(first.manager.state).toMatchObject({ status: 'signedIn' })
    expect(await w.after(100, first.manager.refresh())).toMatchObject({ type: 'DPoP' })
    expect(old.manager.state).toMatchObject({ status: 'signedOut' })
    expect(w.server.calls).toEqual([])
  })

  it('DPO-07: where DPoP is required an unbound session is not used, and ends', async () => {
    const w = bound()
    await w.signedIn()
    const { manager } = await w.opened(withDpop(w, { required: true }))
    await w.settle()
    expect(manager.state).toMatchObject({ status: 'signedOut', reason: 'dpop_key_lost' })
    expect(w.server.calls).toEqual([])
    expect(w.server.living).toEqual([])
    const lenient = bound()
    await lenient.signedIn()
    const other = await lenient.opened(withDpop(lenient))
    expect(await lenient.after(0, other.manager.getAccessToken())).toMatchObject({ type: 'Bearer' })
  })
})

describe("the device's clock", () => {
  it('DPO-13: ten minutes slow, proofs tell the right time from the first ID token on, also on the next page', async () => {
    const w = bound()
    const off = 10 * 60_000
    w.server.subject = 'alice'
    const serverTime = () => Math.floor((w.clock.now() + off) / 1000)
    w.server.after = async (_, answer) => {
      const { id_token, ...body } = (await answer.json()) as Record<string, unknown>
      const [, part = ''] = String(id_token).split('.')
      const claims = JSON.parse(Buffer.from(part, 'base64url').toString())
      return json({ ...body, id_token: idToken({ ...claims, iat: serverTime(), exp: serverTime() + 600 }) })
    }
    const first = w.context({ ...withDpop(w), scope: 'openid notes' })
    await w.after(100, first.manager.signIn())
    await w.after(100, first.manager.fetch(API))
    const next = await w.opened(withDpop(w))
    await w.after(100, next.manager.fetch(API))
    for (const { proof } of w.server.calls) {
      const { iat = 0 } = (await verifyProof(proof)).claims
      expect(Math.abs(iat - serverTime())).toBeLessThanOrEqual(5)
    }
    expect(w.server.calls).toHaveLength(2)
    const { expiresAt = 0 } = await w.after(0, first.manager.getAccessToken())
    expect(expiresAt - w.clock.now()).toBeLessThanOrEqual(300_000)
  })
})

describe('a device whose clock is 5 min slow', () => {
  const OFF = 300_000
  /** Whether a proof seems to be of now to a server whose clock is right. */
  const isInTime = (w: World, proof: string | null = '') =>
    Math.abs(saidBy(proof).iat * 1_000 - w.clock.now() - OFF) < 60_000
  const saidBy = (proof: string | null): { iat: number; nonce?: string } =>
    JSON.parse(Buffer.from(proof?.split('.')[1] ?? '', 'base64url').toString())

  /** Servers that look at the time first, and then at the nonce. `dated`: whether this page may read their `Date`. */
  function strict(dated: boolean): World {
    const w = bound()
    w.server.subject = 'alice'
    w.server.dpopNonce = 'n'
    w.server.claims = { iat: Math.floor((w.clock.now() + OFF) / 1_000), exp: Math.floor(w.clock.now() / 1_000) + 9_999 }
    const date = () => (dated ? { date: new Date(w.clock.now() + OFF).toUTCString() } : undefined)
    w.server.before = ({ proof }) =>
      isInTime(w, proof) ? undefined : json({ error: 'invalid_dpop_proof' }, 403, date())
    w.server.api = (request) => {
      const proof = request.headers.get('dpop')
      const { nonce } = saidBy(proof)
      const wrong = !isInTime(w, proof) ? 'invalid_dpop_proof' : nonce === 'm' ? '' : 'use_dpop_nonce'
      if (!wrong) return json({})
      const headers = { 'www-authenticate': `DPoP error="${wrong}"`, 'dpop-nonce': 'm', ...date() }
      return new Response('', { status: 401, headers })
    }
    return w
  }

  it('DPO-09 DPO-13: time and nonce cost one more request each, once, at the authorization server and at the API', async () => {
    const w = strict(true)
    const { manager, events } = await signedIn(w)
    expect(w.server.requests).toHaveLength(3)
    expect((await w.after(100, manager.fetch(API))).status).toBe(200)
    expect(w.server.calls).toHaveLength(2)
    await w.after(100, manager.refresh())
    await w.after(100, manager.fetch(API))
    expect([w.server.requests.length, w.server.calls.length]).toEqual([4, 3])
    expect(events.filter(({ type }) => type === 'clock_off').map(({ by }) => Math.round(Number(by) / 60_000))).toEqual([
      -5, -5,
    ])
    expect(w.server.reuse).toBe(0)
  })

  it('DPO-13: a page that may not read Date learns it from the ID token, and says so', async () => {
    const w = strict(false)
    const { before } = w.server
    // This one does not look at the time at the sign-in, where nothing could be learnt yet.
    w.server.before = (request) => (request.grantType === 'authorization_code' ? undefined : before(request))
    const { manager, events } = await signedIn(w)
    expect(events).toContainEqual(expect.objectContaining({ type: 'clock_off', by: expect.closeTo(-OFF, -4) }))
    const { length } = w.server.requests
    await w.after(100, manager.refresh())
    expect((await w.after(100, manager.fetch(API))).status).toBe(200)
    expect([w.server.requests.length - length, w.server.calls.length]).toEqual([1, 2])
  })

  it('DPO-13: an ID token that comes again tells no time', async () => {
    const w = bound()
    w.server.subject = 'alice'
    w.server.claims = { iat: Math.floor(w.clock.now() / 1_000), exp: Math.floor(w.clock.now() / 1_000) + 99_999 }
    const { manager, told } = await signedIn(w)
    await w.clock.advance(3_600_000)
    await w.after(100, manager.refresh())
    await w.after(100, manager.refresh())
    expect(told).not.toContain('clock_off')
    const { claims } = await verifyProof(w.server.requests.at(-1)?.proof)
    expect(Math.abs((claims.iat ?? 0) * 1_000 - w.clock.now())).toBeLessThan(5_000)
  })
})
