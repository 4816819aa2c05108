import { createDenylist, createGuard } from 'tokenward/resource-server'
import { expect, it } from 'vitest'
import { type Anomaly, watchDecisions } from '../../examples/api-anomalies.ts'
import { AUDIENCE, NOW, request, testIssuer } from '../resource-server/test-issuer.ts'

async function world() {
  const as = await testIssuer()
  const found: Anomaly[] = []
  let now = NOW
  let place = 'home'
  const denylist = createDenylist({ now: () => now })
  const guard = createGuard({
    issuer: as.issuer,
    audience: AUDIENCE,
    fetch: as.fetch,
    now: () => now,
    denylist,
    describe: () => place,
    onDecision: watchDecisions((anomaly) => found.push(anomaly)),
  })
  const use = (token: string | undefined, from = 'home') => {
    place = from
    return guard(request(token)).catch(() => {})
  }
  const pass = (ms: number) => {
    now += ms
  }
  return { as, found, denylist, use, pass }
}

const what = (found: readonly Anomaly[]) => found.map((anomaly) => anomaly.what)

it('a revoked token that goes on being used is told once', async () => {
  const { as, found, denylist, use } = await world()
  const token = await as.accessToken({ jti: 'stolen' })
  await use(token)
  await denylist.deny({ issuer: as.issuer, jti: 'stolen', expiresAt: NOW + 300_000 })
  for (let time = 0; time < 4; time++) await use(token)
  expect(found).toEqual([])
  for (let time = 0; time < 40; time++) await use(token)
  expect(what(found)).toEqual(['revoked_token_used'])
})

it('one token from many places is told, many tokens from one place are not', async () => {
  const { as, found, use, pass } = await world()
  for (let one = 0; one < 20; one++) await use(await as.accessToken())
  const token = await as.accessToken()
  await use(token, 'home')
  await use(token, 'office')
  expect(found).toEqual([])
  pass(60_000)
  await use(token, 'elsewhere')
  expect(what(found)).toEqual(['token_from_many_places'])
})

it('places that were left long ago do not count', async () => {
  const { as, found, use, pass } = await world()
  const token = await as.accessToken({ exp: NOW / 1_000 + 7_200 })
  for (const place of ['a', 'b', 'c', 'd']) {
    await use(token, place)
    pass(6 * 60_000)
  }
  expect(found).toEqual([])
})

it('a burst of refusals is told, and requests without a token are none', async () => {
  const { as, found, use } = await world()
  for (let one = 0; one < 300; one++) await use(undefined)
  expect(found).toEqual([])
  const bad = await as.accessToken({ exp: 1 })
  for (let one = 0; one < 250; one++) await use(bad)
  expect(what(found)).toEqual(['burst_of_refusals'])
})
