import { beforeAll, describe, expect, it } from 'vitest'
import type { IssuerOptions } from '../../src/resource-server/issuer.ts'
import { AUDIENCE, SECONDS, type TestIssuer, testIssuer } from '../resource-server/test-issuer.ts'
import { guardedApi } from '../support/guarded-api.ts'

let as: TestIssuer

beforeAll(async () => {
  as = await testIssuer()
})

const nested = {
  scope: ['notes'],
  permissions: ['read'],
  realm_access: { roles: ['reader'], more: [{ deep: ['x'] }] },
  cnf: undefined,
}

/** Everything in it that can hold something. */
function* containersOf(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return
  yield value
  for (const inner of Object.values(value)) yield* containersOf(inner)
}

/** The claims as a handler in plain JavaScript has them. */
interface Handed {
  permissions: string[]
  realm_access: { roles: string[] }
  scope: string
}

const changes: readonly [string, (claims: Handed) => unknown][] = [
  ['pushes to a list', ({ permissions }) => permissions.push('admin')],
  ['pushes to a list inside', ({ realm_access }) => realm_access.roles.push('admin')],
  ['sets a member inside', ({ realm_access }) => Object.assign(realm_access, { roles: ['admin'] })],
  ['sets a claim', (claims) => Object.assign(claims, { scope: 'notes admin' })],
]

describe('no handler can change what the next request with that token may do', () => {
  it.each(changes)('one that %s', async (_, change) => {
    const api = guardedApi(as)
    const token = await as.accessToken(nested)
    const claims = await api.call(token)
    const before = JSON.stringify(claims)
    expect(() => change(claims as unknown as Handed)).toThrow(TypeError)
    expect(JSON.stringify(await api.call(token))).toBe(before)
    expect(await api.outcome(token, { scope: 'admin' })).toBe('scope_missing')
  })

  const introspection: IssuerOptions['introspection'] = {
    clientId: 'api',
    clientSecret: 'secret',
    endpoint: 'https://as.example.com/introspect',
  }
  it.each([
    ['a JWT', {}, (): Promise<string> => as.accessToken(nested)],
    [
      'an introspection answer',
      {
        issuer: { issuer: 'https://as.example.com', introspection },
        fetch: async (): Promise<Response> =>
          Response.json({ ...nested, active: true, aud: [AUDIENCE], exp: SECONDS + 9 }),
      },
      async (): Promise<string> => 'opaque',
    ],
  ] as const)('everything in the claims of %s is frozen', async (_, options, make) => {
    const containers = [...containersOf(await guardedApi(as, options).call(await make()))]
    expect(containers.length).toBeGreaterThan(5)
    expect(containers.filter((one) => !Object.isFrozen(one))).toEqual([])
  })
})
