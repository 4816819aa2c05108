import type { IncomingMessage, ServerResponse } from 'node:http'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type BffSite, bffSite } from './bff-site.ts'

const [NOTES, MAIL] = ['urn:example:notes', 'urn:example:mail']

let site: BffSite
/** The API that refuses the next token. */
let refusing = ''
let asked: { readonly path: string; readonly token: string }[] = []

const api = (request: IncomingMessage, response: ServerResponse) => {
  const { url = '', headers } = request
  const [, token = ''] = headers.authorization?.split(' ') ?? []
  const isRefused = url === refusing
  if (isRefused) refusing = ''
  else asked.push({ path: url, token })
  response.writeHead(isRefused ? 401 : 200, isRefused ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {})
  response.end()
}

beforeAll(async () => {
  site = await bffSite({
    hosts: 2,
    api,
    resources: (origin) => [
      { url: `${origin}/notes`, resource: NOTES },
      { url: `${origin}/mail`, resource: MAIL },
    ],
    bff: (origin) => ({ api: { '/api/notes': `${origin}/notes`, '/api/mail': `${origin}/mail` } }),
  })
})
afterAll(() => site?.stop())
beforeEach(() => {
  asked = []
  site.server.grants.splice(0)
})

const audiences = () => asked.map(({ path, token }) => `${path} ${decodeJwt(token).aud}`)

it('ACQ-20: each of several APIs behind one backend gets a token of its own, whichever host is asked and however often', async () => {
  const alice = await site.signedIn()
  const calls = site.hosts.flatMap((host) =>
    ['/api/notes', '/api/mail', '/api/notes', '/api/mail'].map((path) => alice.ask(path, {}, host)),
  )
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(8).fill(200))
  expect(new Set(audiences())).toEqual(new Set([`/notes ${NOTES}`, `/mail ${MAIL}`]))
  // Two hosts that need the second API's token at once ask for it once.
  expect(site.server.grants).toEqual(['authorization_code granted', 'refresh_token granted'])
})

it('an API that refuses its token gets another one, and the other API goes on with the one it had', async () => {
  const alice = await site.signedIn()
  for (const path of ['/api/notes', '/api/mail']) await alice.ask(path)
  refusing = '/mail'
  for (const path of ['/api/mail', '/api/notes']) expect((await alice.ask(path)).status).toBe(200)

  const [notes, mail, mailAgain, notesAgain] = asked.map(({ token }) => token)
  expect([notesAgain === notes, mailAgain === mail]).toEqual([true, false])
  expect(audiences().at(-2)).toBe(`/mail ${MAIL}`)
})

it('a sign-out ends what all of them were given, on every host', async () => {
  const alice = await site.signedIn()
  for (const path of ['/api/notes', '/api/mail']) expect((await alice.ask(path)).status).toBe(200)
  await alice.ask('/auth/logout', { method: 'POST' })
  for (const host of site.hosts)
    for (const path of ['/api/notes', '/api/mail']) expect((await alice.ask(path, {}, host)).status).toBe(401)
})
