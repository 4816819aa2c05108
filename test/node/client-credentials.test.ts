import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { allowInsecureLoopback, clientSecretBasic, createClientCredentials, dpop } from 'tokenward/node'
import { expect, it } from 'vitest'
import { clientSecret, startProgramServer } from '../support/program-server.ts'

/** A token endpoint on 127.0.0.1 that answers with `status()`. */
async function tokenEndpoint(status: () => number, seconds: number) {
  const asked: string[] = []
  const http = createServer((req, res) => {
    let form = ''
    req.on('data', (chunk) => (form += chunk))
    req.on('end', () => {
      asked.push(new URLSearchParams(form).get('resource') ?? '')
      const body = { access_token: `at${asked.length}`, token_type: 'Bearer', expires_in: seconds }
      setTimeout(() => {
        res.writeHead(status(), { 'content-type': 'application/json' }).end(JSON.stringify(body))
      }, 50)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const stop = async () => {
    const closed = new Promise((resolve) => http.close(resolve))
    http.closeAllConnections()
    await closed
  }
  const client = () =>
    createClientCredentials({
      issuer,
      metadata: { issuer, token_endpoint: `${issuer}/token` },
      clientId: 'svc',
      [allowInsecureLoopback]: true,
    })
  return { asked, client, stop }
}

it('ACQ-17: 10,000 concurrent callers over 20 resources make 20 requests', async () => {
  const { asked, client, stop } = await tokenEndpoint(() => 200, 300)
  try {
    const { getAccessToken } = client()
    const began = performance.now()
    const tokens = await Promise.all(
      Array.from({ length: 10_000 }, (_, n) => getAccessToken({ resource: `urn:r${n % 20}` })),
    )
    console.log(`10,000 callers, 20 resources: ${asked.length} requests, ${Math.round(performance.now() - began)} ms`)
    expect(asked.toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `urn:r${n}`).toSorted())
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(20)
  } finally {
    await stop()
  }
})

it('USE-08: refreshing ahead fails at a server that is down, and nobody hears of it while the token is good', async () => {
  let status = 200
  const { asked, client, stop } = await tokenEndpoint(() => status, 30)
  try {
    const tokens = client()
    const failed: boolean[] = []
    tokens.on('request_failed', ({ usable }) => failed.push(usable))
    const { expiresAt = 0 } = await tokens.getAccessToken()
    status = 500
    let calls = 0
    let callsAfter = 0
    // It begins 3 to 6 s before the expiry, which leaves a busy machine time to hear of the failure.
    for (; Date.now() < expiresAt - 500 && callsAfter < 20; calls++) {
      await tokens.getAccessToken()
      await sleep(20)
      if (failed.length > 0) callsAfter++
    }
    expect(calls).toBeGreaterThan(50)
    expect(failed.length).toBeGreaterThan(0)
    expect(failed).toEqual(failed.map(() => true))
    expect(asked.length).toBeLessThan(5)
    status = 200
  } finally {
    await stop()
  }
})

it('has tokens that oidc-provider bound to its key', async () => {
  const server = await startProgramServer()
  try {
    const tokens = createClientCredentials({
      issuer: server.issuer,
      clientId: 'service',
      scope: 'notes',
      resources: [server.api],
      clientAuthentication: clientSecretBasic(clientSecret),
      dpop: dpop({ required: true }),
      [allowInsecureLoopback]: true,
    })
    const { type, value } = await tokens.getAccessToken()
    const claims = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString())
    expect([type, claims.cnf]).toEqual(['DPoP', { jkt: expect.stringMatching(/^[\w-]{43}$/) }])
    expect((await tokens.headersFor(server.api)).get('dpop')).toMatch(/^ey/)
    expect(server.grants).toEqual(['client_credentials granted'])
  } finally {
    await server.stop()
  }
})
