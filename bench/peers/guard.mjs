// What it costs an API to judge a token: everybody's check of one RFC 9068 access token, interleaved in one process. Keys come from one
// loopback server and are in memory before anything is counted. Processor time of all threads, so that a busy machine shows the same.
import { createServer } from 'node:http'
import { JwtVerifier } from 'aws-jwt-verify'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import { createRemoteJWKSet, exportJWK, exportSPKI, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { allowInsecureRequests, processDiscoveryResponse, validateJwtAccessToken } from 'oauth4webapi'
import { allowInsecureLoopback, createDenylist, createGuard } from '../../src/resource-server/index.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 31)
const CALLS = 200
const audience = 'https://api.example.com/'

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

for (const alg of ['RS256', 'ES256']) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg, use: 'sig' }] })
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(request.url === '/jwks' ? jwks : JSON.stringify(metadata))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${server.address().port}`
  const metadata = { issuer, jwks_uri: `${issuer}/jwks`, id_token_signing_alg_values_supported: [alg] }
  const now = Math.floor(Date.now() / 1000)
  const token = await new SignJWT({ sub: 'person', client_id: 'spa', scope: 'notes', jti: 'j', sid: 's' })
    .setProtectedHeader({ alg, kid: 'k', typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + 3_600)
    .sign(privateKey)

  const headers = { authorization: `Bearer ${token}` }
  const request = { method: 'GET', url: `${audience}notes`, headers }
  const options = { issuer: { issuer, jwksUri: `${issuer}/jwks` }, audience, [allowInsecureLoopback]: true }
  const anew = createGuard({ ...options, cacheLimit: 0 })
  const atOnce = createGuard({ ...options, cacheLimit: 0, signatures: 'immediate' })
  const again = createGuard({ ...options, denylist: createDenylist() })
  const middleware = auth({ issuer, jwksUri: `${issuer}/jwks`, audience, strict: true, tokenSigningAlg: alg })
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const rules = { issuer, audience, typ: 'at+jwt', algorithms: [alg] }
  const fast = createVerifier({ key: await exportSPKI(publicKey), allowedIss: issuer, allowedAud: audience })
  const cached = createVerifier({
    key: await exportSPKI(publicKey),
    allowedIss: issuer,
    allowedAud: audience,
    cache: true,
  })
  const aws = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/jwks` })
  aws.cacheJwks(JSON.parse(jwks))
  const as = await processDiscoveryResponse(new URL(issuer), Response.json(metadata))
  const checked = new Request(request.url, { headers })
  // What Express makes of the same request.
  const fields = { ...headers, host: 'api.example.com' }
  const express = {
    method: 'GET',
    headers: fields,
    protocol: 'https',
    originalUrl: '/notes',
    query: {},
    is: () => false,
    get: (name) => fields[name.toLowerCase()],
  }
  const insecure = { [allowInsecureRequests]: true }

  const cases = {
    "jose's jwtVerify, the key in hand": () => jwtVerify(token, publicKey, rules),
    'tokenward, a token it has not seen': () => anew(request),
    "tokenward, the same with signatures: 'immediate'": () => atOnce(request),
    'tokenward, one it has seen, with a denylist': () => again(request),
    "jose's jwtVerify with createRemoteJWKSet": () => jwtVerify(token, keys, rules),
    'express-oauth2-jwt-bearer, strict': () =>
      new Promise((resolve, reject) => middleware(express, {}, (error) => (error ? reject(error) : resolve()))),
    "oauth4webapi's validateJwtAccessToken": () => validateJwtAccessToken(as, checked, audience, insecure),
    'aws-jwt-verify': () => aws.verify(token),
    'fast-jwt, the key in hand': async () => fast(token),
    'fast-jwt with its cache': async () => cached(token),
  }
  const names = Object.keys(cases)
  for (const name of names) await cases[name]()
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = -3; round < ROUNDS; round++)
    for (let step = 0; step < names.length; step++) {
      const name = names[(step + round + 3) % names.length]
      const began = process.cpuUsage()
      for (let call = 0; call < CALLS; call++) await cases[name]()
      const { user, system } = process.cpuUsage(began)
      if (round >= 0) times[name].push((user + system) / CALLS)
    }
  const [bare] = names
  console.log(
    `${alg}: processor time of a check, and how it compares with the first (median of ${ROUNDS} interleaved rounds of ${CALLS})`,
  )
  for (const name of names) {
    const ratio = median(times[name].map((time, round) => time / times[bare][round]))
    console.log(`  ${median(times[name]).toFixed(1).padStart(7)} µs  ${ratio.toFixed(2).padStart(5)} ×  ${name}`)
  }
  server.close()
  server.closeAllConnections()
}
