import { expect, it, onTestFinished } from 'vitest'
import { dpopProgram } from '../support/dpop-program.ts'
import { childProgram } from '../support/processes/child-program.ts'
import type { Loot } from './thief-process.ts'

it('DPO-01 DPO-10: what another process does with a copied request, access token and refresh token is refused by API and server', async () => {
  const { server, apis, manager, sent, told, stored, stop } = await dpopProgram()
  onTestFinished(stop)
  const [api] = apis
  const url = `${api?.origin}/notes`
  expect((await manager.fetch(url)).status).toBe(200)
  const tokens = { accessToken: (await manager.getAccessToken()).value, refreshToken: await stored() }
  const headers = Object.fromEntries(sent.at(-1)?.headers ?? [])
  expect(headers).toMatchObject({ authorization: `DPoP ${tokens.accessToken}`, dpop: expect.any(String) })

  const thief = await childProgram('test/node/thief-process.ts')
  const { issuer, clientId } = server
  const child = thief({ argument: { tokens, headers, places: { issuer, clientId, api: url } } satisfies Loot })
  expect(await child.message()).toEqual([
    { what: 'the whole request', status: 401 },
    { what: 'the access token', status: 401, reason: 'invalid_token' },
    { what: "the access token with a thief's key", status: 401, reason: 'invalid_token' },
    { what: 'the refresh token', status: 400, reason: 'invalid_grant' },
  ])
  expect((await child.ended).code).toBe(0)
  expect(api?.requests.slice(-3).map(({ reason }) => reason)).toEqual([
    ...['proof_replayed', 'binding_mismatch', 'binding_mismatch'],
  ])

  // Their owner goes on.
  expect((await manager.fetch(url)).status).toBe(200)
  expect(await manager.refresh()).toMatchObject({ type: 'DPoP' })
  expect((await manager.fetch(url)).status).toBe(200)
  expect([told, server.reuseCount]).toEqual([['refreshed'], 0])
})
