import type { UserAgent } from '../../../src/ports.ts'

/** Somebody with a browser of their own, as a manager needs one. */
export interface Person extends UserAgent {
  /** The address that was opened last. */
  readonly opened: () => string
  /** Signs out at the server itself. */
  readonly leave: () => Promise<void>
}

interface PersonOptions {
  readonly origin: string
  readonly email: string
  readonly password: string
  readonly says: 'yes' | 'no'
}

/** Pages that are gone through at most. */
const MOST_PAGES = 10

/** Goes through the pages of Better Auth as its own client does: signs in, and says yes or no. */
export function person({ origin, email, password, says }: PersonOptions): Person {
  const cookies = new Map<string, string>()
  let opened = ''

  return {
    opened: () => opened,
    async leave() {
      const init = { method: 'POST', headers: { 'content-type': 'application/json', origin }, body: '{}' }
      const { status } = await request(`${origin}/api/auth/sign-out`, init)
      if (status !== 200) throw new Error(`Signing out was answered ${status}`)
    },
    callbackUrl: () => undefined,
    async authorize(url, redirectUri) {
      opened = url
      let at = url
      for (let page = 0; page < MOST_PAGES; page++) {
        if (at.startsWith(redirectUri)) return at
        at = new URL(await next(at), origin).href
      }
      throw new Error(`There is no way back from ${at}`)
    },
  }

  /** Where the page at `url` leads. */
  async function next(url: string): Promise<string> {
    const { pathname, search } = new URL(url)
    const asked = { oauth_query: search.slice(1) }
    if (pathname === '/login') return post('/sign-in/email', { email, password, ...asked })
    if (pathname === '/consent') return post('/oauth2/consent', { accept: says === 'yes', ...asked })

    return placeIn(await request(url))
  }

  async function post(path: string, body: object): Promise<string> {
    const headers = { 'content-type': 'application/json', origin }
    return placeIn(await request(`${origin}/api/auth${path}`, { method: 'POST', headers, body: JSON.stringify(body) }))
  }

  /** A page is led by a redirect, and a script by the same in JSON. */
  async function placeIn(answer: Response): Promise<string> {
    const location = answer.headers.get('location')
    if (location) return location
    const text = await answer.text()
    const { url } = JSON.parse(text)
    if (typeof url === 'string') return url
    throw new Error(`${answer.url} answered ${answer.status} ${text}`)
  }

  async function request(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '))
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    return answer
  }
}
