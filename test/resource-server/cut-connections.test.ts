import { createServer, type Socket } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import { allowInsecureLoopback, createGuard } from 'tokenward/resource-server'
import { afterEach, describe, expect, it } from 'vitest'
import { AUDIENCE, goodClaims, request, testIssuer } from './test-issuer.ts'

/** What a server answers to a path, and how many requests a connection brings before it is cut in place of an answer. */
interface Rows {
  readonly most: number
  readonly answers: Readonly<Record<string, () => object>>
}

const stops: (() => unknown)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** A server whose connections end in the moment in which somebody uses them again, as after a timeout of which nobody heard. */
async function cutting(rows: Rows) {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let count = 0
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const [, path = '', length = '0'] = /^\w+ (\S+) .*?(?:content-length: (\d+).*)?\r\n\r\n/is.exec(text) ?? []
      const isWhole = path !== '' && text.length - text.indexOf('\r\n\r\n') - 4 >= Number(length)
      if (!isWhole) return
      text = ''
      asked.push(path)
      if (++count > rows.most) return socket.destroy()
      const body = JSON.stringify(rows.answers[path]?.() ?? {})
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return { asked, origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` }
}

describe('a connection that the authorization server has closed, and a process that did not hear of it', () => {
  it('costs no request to the API: the keys are asked for once more', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }
    const { asked, origin: issuer } = await cutting({ most: 1, answers: { '/jwks': () => ({ keys: [jwk] }) } })
    const guard = createGuard({
      ...{ issuer: { issuer, jwksUri: `${issuer}/jwks` }, audience: AUDIENCE, [allowInsecureLoopback]: true },
      ...{ cacheLimit: 0, keys: { maxAge: 0, staleFor: 0 } },
    })
    const now = Math.floor(Date.now() / 1_000)
    const claims = { ...goodClaims(issuer), iat: now, exp: now + 60 }
    const token = await (await testIssuer(issuer)).sign(claims, {}, privateKey)
    for (let call = 0; call < 2; call++) expect(await guard(request(token))).toMatchObject({ sub: 'person' })
    expect(asked).toEqual(['/jwks', '/jwks', '/jwks'])
  })

  it('is no refusal of a token that is asked about: each question is put once more, and no more than once', async () => {
    const options = { most: 1, answers: { '/introspect': () => ({ active: true, sub: 'person' }) } }
    const { asked, origin: issuer } = await cutting(options)
    const introspection = { endpoint: `${issuer}/introspect`, clientId: 'api', clientSecret: 's' }
    const guardOf = (endpoint: string) =>
      createGuard({
        issuer: { issuer, introspection: { ...introspection, endpoint } },
        audience: AUDIENCE,
        [allowInsecureLoopback]: true,
      })
    const guard = guardOf(introspection.endpoint)
    for (const token of ['first', 'second', 'third'])
      expect(await guard(request(token))).toMatchObject({ sub: 'person' })
    expect(asked).toHaveLength(5)

    const never = await cutting({ ...options, most: 0 })
    await expect(guardOf(`${never.origin}/introspect`)(request('x'))).rejects.toMatchObject({
      ...{ status: 503, reason: 'introspection_unavailable' },
    })
    expect(never.asked).toHaveLength(2)
  })
})
