import { expect, it } from 'vitest'
import { hydra, keycloak } from '../../src/providers/index.ts'
import { createBackchannelLogout } from '../../src/resource-server/backchannel-logout.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'
import type { IssuerOptions } from '../../src/resource-server/issuer.ts'
import { NOW, SECONDS, testIssuer } from '../resource-server/test-issuer.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const REVOKE_OFFLINE = 'revoke_offline_access'
const place = { url: 'https://id.example.com', realm: 'main' }
const keycloak26 = keycloak.api(place)
const keycloak24 = keycloak.api({ ...place, version: 24 })
const hydraIssuer = hydra.api({ issuer: 'https://hydra.example.com' })

const rows: readonly (readonly [string, IssuerOptions, string | undefined, Record<string, unknown>, RegExp])[] = [
  ['Keycloak 26', keycloak26, 'logout+jwt', { exp: SECONDS + 120, typ: 'Logout' }, /^done$/],
  ['Keycloak up to 24', keycloak24, 'JWT', { exp: SECONDS + 120, typ: 'Logout' }, /^typ is "JWT".*keycloak\.api/],
  ['Ory Hydra', hydraIssuer, 'JWT', { sub: undefined }, /^typ is "JWT".*option logout\.types/],
  ['Ory Hydra, older', hydraIssuer, undefined, { sub: undefined }, /^typ is missing.*option logout\.types/],
  ['Ory Hydra with a type', hydraIssuer, 'logout+jwt', {}, /^wanted exp; .*option logout\.withoutExpiry/],
]

it.each(rows)('%s: a logout counts with its preset, and what a bare issuer says of it is told', async (...row) => {
  const [, preset, typ, claims, bare] = row
  const as = await testIssuer(preset.issuer)
  const events = { [EVENT]: { [REVOKE_OFFLINE]: true }, 'https://example.com/more': {} }
  const all = { iss: as.issuer, aud: 'spa', iat: SECONDS, jti: 'l', sub: 'person', sid: 's', events, ...claims }
  const logoutToken = await as.sign(all, { typ })

  const send = async (issuer: string | IssuerOptions) => {
    let outcome = ''
    const denylist = createDenylist({ now: () => NOW })
    const endpoint = createBackchannelLogout({
      issuer,
      clientId: 'spa',
      denylist,
      onDecision: (decision) => {
        outcome = decision.outcome
      },
      fetch: as.fetch,
      now: () => NOW,
    })
    const body = new URLSearchParams({ logout_token: logoutToken })
    const { status } = await endpoint(new Request('https://app.example.com/', { method: 'POST', body }))
    const denied = denylist.check({ iss: as.issuer, sid: 's', sub: 'person', iat: SECONDS })
    return { status, outcome, denied }
  }

  expect(await send(preset)).toEqual({ status: 200, outcome: 'done', denied: 'session_ended' })
  const { status, outcome, denied } = await send(preset.issuer)
  expect(outcome).toMatch(bare)
  expect([status, denied]).toEqual(outcome === 'done' ? [200, 'session_ended'] : [400, undefined])
})
