import { describe, expect, it } from 'vitest'
import { createJwtBearer } from '../../src/client-tokens/create-jwt-bearer.ts'
import { createTokenExchange } from '../../src/client-tokens/create-token-exchange.ts'
import type { ResourceClient } from '../../src/client-tokens/resource-client.ts'
import { TokenManagerError } from '../../src/errors.ts'
import { json, tokenEndpoint } from '../client-tokens/token-endpoint.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const BAD = 'mallory'

/** Clients of subjects of which one is bad: by what its function does, or by what the server says to it. */
function world(prove: (subject: string) => string | Promise<string> = (subject) => subject) {
  const endpoint = tokenEndpoint()
  const good = () =>
    json(200, {
      ...{ access_token: `t-${endpoint.requests.length}`, token_type: 'Bearer', expires_in: 300 },
      issued_token_type: ACCESS_TOKEN,
    })
  endpoint.answer = good
  const exchange = createTokenExchange(endpoint.options, endpoint.platform)
  const bearer = createJwtBearer({ ...endpoint.options, assertion: prove }, endpoint.platform)
  const clients: Record<string, (subject: string) => ResourceClient> = {
    'token exchange': (subject) => exchange.for({ id: subject, token: () => prove(subject) }),
    'JWT bearer': (subject) => bearer.for(subject),
  }
  const isBad = ({ subject_token, assertion }: Record<string, string>) => (subject_token ?? assertion) === BAD
  /** What the server says to the bad subject alone. */
  const badly = (answer: () => Response | Promise<Response>) => {
    endpoint.answer = (form) => (isBad(form) ? answer() : good())
  }
  /** Requests that were for the bad subject. */
  const bad = () => endpoint.requests.filter(({ form }) => isBad(form)).length
  return { endpoint, clients, badly, bad }
}

const outcome = (client: ResourceClient): Promise<string> =>
  client.getAccessToken().then(
    () => 'token',
    ({ reason }) => reason,
  )

/** Half an hour in which the bad subject and others ask each second; how many of the others got no token. */
async function halfAnHour({ endpoint }: ReturnType<typeof world>, clientOf: (subject: string) => ResourceClient) {
  let refused = 0
  for (let second = 0; second < 1_800; second++) {
    await outcome(clientOf(BAD))
    const other = await outcome(clientOf(`user-${second % 50}`))
    if (other !== 'token') refused++
    await endpoint.clock.advance(1_000)
  }
  return refused
}

describe.each(['token exchange', 'JWT bearer'])('%s: one subject refuses nobody else', (kind) => {
  const throwing: readonly [string, () => string | Promise<string>][] = [
    [
      'throws',
      () => {
        throw new Error('own')
      },
    ],
    ['rejects', () => Promise.reject(new Error('own'))],
    ['rejects with nothing', () => Promise.reject(undefined)],
    [
      'rejects as another client does that its server refuses',
      () => Promise.reject(new TokenManagerError('ERR_CLIENT_REJECTED', 'invalid_client', 'own')),
    ],
    [
      'rejects as a session does whose server is down',
      () => Promise.reject(new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable', 'own')),
    ],
  ]
  it.each(throwing)('whose function %s', async (_, fail) => {
    let asked = 0
    const one = world((subject) => {
      if (subject !== BAD) return subject
      asked++
      return fail()
    })
    expect(await halfAnHour(one, one.clients[kind]!)).toBe(0)
    // It has a back-off of its own: 2 s and then ever more, up to 5 min.
    expect(asked).toBeGreaterThan(3)
    expect(asked).toBeLessThan(20)
  })

  it.each([500, 501, 502, 504, 400, 403, 302])('for whom the server answers %i', async (status) => {
    const one = world()
    one.badly(() => new Response(null, { status }))
    expect(await halfAnHour(one, one.clients[kind]!)).toBe(0)
    expect(one.bad()).toBeGreaterThan(3)
    expect(one.bad()).toBeLessThan(20)
  })

  it('for whom the answer is nonsense', async () => {
    const one = world()
    one.badly(() => new Response('<html>', { headers: { 'content-type': 'text/html' } }))
    expect(await halfAnHour(one, one.clients[kind]!)).toBe(0)
  })

  const trouble: readonly [string, () => Response | Promise<Response>][] = [
    ['no answer', () => Promise.reject(new TypeError('fetch failed'))],
    ['503', () => new Response(null, { status: 503 })],
    ['429', () => new Response(null, { status: 429 })],
    ['invalid_client', () => json(401, { error: 'invalid_client' })],
  ]
  it.each(trouble)('but %s keeps everybody from asking for a while', async (_, answer) => {
    const { endpoint, clients } = world()
    endpoint.answer = answer
    await outcome(clients[kind]!('first'))
    const { length } = endpoint.requests
    for (let user = 0; user < 20; user++) expect(await outcome(clients[kind]!(`user-${user}`))).not.toBe('token')
    expect(endpoint.requests).toHaveLength(length)
  })
})
