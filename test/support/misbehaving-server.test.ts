import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startFaultProxy } from './fault-proxy.ts'
import { type MisbehavingServer, startMisbehavingServer } from './misbehaving-server.ts'
import { wildGrants, wildRefusals } from './wild-answers.ts'

let server: MisbehavingServer
beforeEach(async () => {
  server = await startMisbehavingServer()
})
afterEach(() => server.stop())

/** Presents a refresh token. */
async function present(refreshToken: string, context = '', at = server.issuer) {
  const { token_endpoint } = server.metadata(context, at)
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'spa', refresh_token: refreshToken })
  const response = await fetch(String(token_endpoint), { method: 'POST', body, redirect: 'manual' })
  const text = await response.text()
  const answer = response.headers.get('content-type')?.startsWith('application/json') ? text : '{}'
  return { status: response.status, headers: response.headers, text, ...parsed(answer) }
}

function parsed(text: string): { access_token?: string; refresh_token?: string; error?: string } {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const call = async (token = '') => (await fetch(server.api, { headers: { authorization: `Bearer ${token}` } })).status

describe('rotation', () => {
  it('strict: a used refresh token ends the family, also for its successor', async () => {
    const { refreshToken, family } = server.issue()
    const { refresh_token: next = '' } = await present(refreshToken, 'a')
    expect(next).not.toBe(refreshToken)
    expect(server.isAlive(family)).toBe(true)
    expect(await present(refreshToken, 'b')).toMatchObject({ status: 400, error: 'invalid_grant' })
    expect(await present(next)).toMatchObject({ status: 400, error: 'invalid_grant' })
    expect([server.reuse, server.isAlive(family)]).toEqual([1, false])
    expect(server.requests[1]).toMatchObject({ context: 'b', family, reused: { context: 'a', outcome: 'granted' } })
  })

  it('strict: other families live on', async () => {
    const [one, two] = [server.issue(), server.issue()]
    await present(one.refreshToken)
    await present(one.refreshToken)
    expect(await present(two.refreshToken)).toMatchObject({ status: 200 })
  })

  it('grace: the same pair again while it lasts, the end of the family after', async () => {
    server.rotation = 'grace'
    server.graceTime = 200
    const { refreshToken } = server.issue()
    const first = await present(refreshToken)
    expect((await present(refreshToken)).text).toBe(first.text)
    expect(server.reuse).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(await present(refreshToken)).toMatchObject({ status: 400 })
    expect([server.reuse, (await present(first.refresh_token ?? '')).status]).toEqual([1, 400])
  })

  it('none: the same refresh token for ever, and none in the answer', async () => {
    server.rotation = 'none'
    const { refreshToken } = server.issue()
    for (let i = 0; i < 3; i++) {
      const { status, refresh_token, access_token } = await present(refreshToken)
      expect([status, refresh_token, await call(access_token)]).toEqual([200, undefined, 200])
    }
    expect(server.reuse).toBe(0)
  })

  it('knows no other tokens, and those of an ended family no more', async () => {
    expect(await present('made up')).toMatchObject({ status: 400, error: 'invalid_grant' })
    const { refreshToken } = server.issue()
    server.revokeAll()
    expect(await present(refreshToken)).toMatchObject({ status: 400 })
  })
})

describe('faults', () => {
  for (const [name, answer] of Object.entries(wildRefusals)) {
    it(`refuses with ${name}, and does nothing`, async () => {
      const { refreshToken } = server.issue()
      server.next({ kind: 'refuse', answer })
      const { status } = await present(refreshToken)
      expect(status).toBe(answer().status)
      expect(await present(refreshToken)).toMatchObject({ status: 200 })
      expect(server.reuse).toBe(0)
    })
  }

  for (const [name, { change }] of Object.entries(wildGrants)) {
    it(`rotates and answers with ${name}`, async () => {
      const { refreshToken } = server.issue()
      server.next({ kind: 'change', change })
      const { status, text, refresh_token = '' } = await present(refreshToken)
      const changed: Record<string, unknown> = JSON.parse(JSON.stringify(change()))
      expect(status).toBe(200)
      expect(JSON.parse(text)).toMatchObject(changed)
      if (Object.values(change()).includes(undefined))
        expect(JSON.parse(text)).not.toHaveProperty(Object.keys(change()))
      expect(await present(refresh_token)).toMatchObject({ status: 200 })
    })
  }

  it('resets before and after', async () => {
    const { refreshToken } = server.issue()
    server.next({ kind: 'reset' })
    await expect(present(refreshToken)).rejects.toThrow()
    expect(server.requests.at(-1)).toMatchObject({ outcome: 'lost' })
    server.next({ kind: 'lose' })
    await expect(present(refreshToken)).rejects.toThrow()
    expect(server.reuse).toBe(0)
    expect(await present(refreshToken)).toMatchObject({ error: 'invalid_grant' })
    expect(server.requests.at(-1)?.reused).toBe(server.requests[1])
  })

  it('hangs, having done it', async () => {
    const { refreshToken } = server.issue()
    server.next({ kind: 'hang' })
    const hung = present(refreshToken).catch(() => 'closed')
    const soon = new Promise((resolve) => setTimeout(resolve, 150, 'nothing'))
    expect(await Promise.race([hung, soon])).toBe('nothing')
    expect(await present(refreshToken)).toMatchObject({ error: 'invalid_grant' })
    expect(server.requests[1]).toMatchObject({ overlapping: true })
    expect(server.overlap).toBe(2)
    await server.stop()
    expect(await hung).toBe('closed')
    server = await startMisbehavingServer()
  })

  it('is late, before the work and after', async () => {
    const { refreshToken } = server.issue()
    server.latency = { before: 60, after: 60 }
    server.next({ kind: 'late', ms: 60 })
    const began = performance.now()
    await present(refreshToken)
    expect(performance.now() - began).toBeGreaterThanOrEqual(175)
  })

  it('goes on with the steady fault until it is taken away', async () => {
    const { refreshToken } = server.issue()
    server.always({ kind: 'refuse', answer: wildRefusals['an empty 400'] })
    expect([(await present(refreshToken)).status, (await present(refreshToken)).status]).toEqual([400, 400])
    server.always(undefined)
    expect((await present(refreshToken)).status).toBe(200)
  })

  it('sees who left before the answer', async () => {
    const proxy = await startFaultProxy(server.port)
    server.latency = { before: 0, after: 2_000 }
    const left = present(server.issue().refreshToken, 'a', proxy.origin).catch(() => {})
    await expect.poll(() => server.requests.length).toBe(1)
    proxy.down = true
    await left
    await expect.poll(() => server.requests[0]?.outcome).toBe('gone')
    await proxy.stop()
  })
})

describe('API', () => {
  it('takes what was issued until it expires', async () => {
    server.expiresIn = () => 0.2
    const { accessToken } = server.issue()
    expect([await call(accessToken), await call('made up')]).toEqual([200, 401])
    await new Promise((resolve) => setTimeout(resolve, 250))
    expect(await call(accessToken)).toBe(401)
    expect([...server.calls]).toEqual([
      [200, 1],
      [401, 2],
    ])
  })
})
