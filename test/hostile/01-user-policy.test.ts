import { beforeAll, describe, expect, it } from 'vitest'
import type { IssuerOptions } from '../../src/resource-server/issuer.ts'
import { AUDIENCE, SECONDS, type TestIssuer, testIssuer } from '../resource-server/test-issuer.ts'
import { guardedApi } from '../support/guarded-api.ts'

const user = { subject: 'user' } as const
const authenticated = { auth_time: SECONDS - 10 }

let as: TestIssuer

beforeAll(async () => {
  as = await testIssuer()
})

const apiOf = (issuer: Partial<IssuerOptions> = {}) => guardedApi(as, { issuer: { issuer: as.issuer, ...issuer } })

describe('a route for people refuses what a client got for itself, though nothing of the dialect was configured', () => {
  it.each([
    ['the client is the subject', { sub: 'spa', client_id: 'spa' }],
    ['Auth0, by the subject', { sub: 'm2m@clients', client_id: 'm2m' }],
    ['Auth0, by the grant', { sub: 'robot', client_id: 'm2m', gty: 'client-credentials' }],
    ['Entra', { sub: 'oid', client_id: 'daemon', idtyp: 'app' }],
    ['Keycloak', { sub: '8f14', client_id: 'job', azp: 'job', preferred_username: 'service-account-job' }],
  ])('%s', async (_, claims) => {
    const token = await as.accessToken({ ...claims, ...authenticated })
    expect(await apiOf().outcome(token)).toBe('passed')
    expect(await apiOf().outcome(token, user)).toBe('subject_not_a_user')
    expect(await apiOf({ subjectKind: 'not_the_client' }).outcome(token, user)).toBe('subject_not_a_user')
  })
})

describe('a route for people refuses a token that does not show a person', () => {
  it('a subject that differs from the client is not enough, unless the API says that it is', async () => {
    const token = await as.accessToken()
    const refused = await apiOf().refusal(token, user)
    expect([refused.status, refused.reason]).toEqual([403, 'subject_not_a_user'])
    expect(refused.detail).toMatch(/does not show.*option subjectKind/)
    expect(await apiOf({ subjectKind: 'not_the_client' }).outcome(token, user)).toBe('passed')
  })

  it('neither is an authentication whose subject or client is not named', async () => {
    for (const missing of ['sub', 'client_id']) {
      const token = await as.accessToken({ ...authenticated, [missing]: undefined })
      for (const subjectKind of [undefined, 'not_the_client'] as const) {
        const api = apiOf({ requiredClaims: [], ...(subjectKind && { subjectKind }) })
        expect(await api.outcome(token)).toBe('passed')
        expect(await api.outcome(token, user)).toBe('subject_not_a_user')
      }
    }
  })

  it.each([undefined, 'User', true, 1, {}])('nor is an answer %j of a subjectKind of its own', async (kind) => {
    const token = await as.accessToken(authenticated)
    expect(await apiOf({ subjectKind: () => kind as never }).outcome(token, user)).toBe('subject_not_a_user')
  })

  it('a subjectKind that throws lets nobody pass', async () => {
    const subjectKind = () => {
      throw new Error('boom')
    }
    expect(await apiOf({ subjectKind }).outcome(await as.accessToken(authenticated), user)).toBe('guard_failed')
  })
})

it('a person who authenticated passes', async () => {
  expect(await apiOf().outcome(await as.accessToken(authenticated), user)).toBe('passed')
})

describe('an introspection answer', () => {
  const answer = { active: true, aud: AUDIENCE, sub: 'person', exp: SECONDS + 300 }
  const asked = (claims: Record<string, unknown>, issuer: Partial<IssuerOptions> = {}) => {
    const endpoint = `${as.issuer}/introspect`
    const introspection = { clientId: 'api', clientSecret: 'secret', endpoint }
    return guardedApi(as, {
      issuer: { issuer: as.issuer, introspection, ...issuer },
      fetch: async () => Response.json({ ...answer, ...claims }),
    })
  }

  it('without client_id shows no person', async () => {
    expect(await asked({}).outcome('opaque')).toBe('passed')
    expect(await asked({}).outcome('opaque', user)).toBe('subject_not_a_user')
    expect(await asked({}, { subjectKind: 'not_the_client' }).outcome('opaque', user)).toBe('subject_not_a_user')
  })

  it('whose subject is the client shows none', async () => {
    const api = asked({ sub: 'job', client_id: 'job' }, { subjectKind: 'not_the_client' })
    expect(await api.outcome('opaque', user)).toBe('subject_not_a_user')
  })

  it('shows one in the way of its issuer', async () => {
    const api = asked({ client_id: 'spa' }, { subjectKind: 'not_the_client' })
    expect(await api.outcome('opaque', user)).toBe('passed')
  })
})
