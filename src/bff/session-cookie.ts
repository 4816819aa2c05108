import { createHash, randomBytes } from 'node:crypto'
import type { BffSettings } from './bff-settings.ts'

/** 32 random bytes as base64url. */
const VALUE = /^[\w-]{43}$/

/** How long a person may take to sign in, seconds: as long as the sign-in itself counts. */
const SIGN_IN_AGE = 600

/** Cookies of sign-ins under way that a browser may have: more of them would make its requests too long for a server. */
const MOST_SIGN_INS = 16

/** How much of a `state` names the cookie of its sign-in. */
const SUFFIX = /[\w-]{16}$/

/** A cookie's value that nobody can guess. */
export function newName(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * What the session of a cookie's value is called in the pool: a hash, so that neither the store nor an event holds what opens the session.
 */
export function accountOf(name: string): string {
  return createHash('sha256').update(name).digest('base64url')
}

/** A request, or what has its fields alone. */
interface WithFields {
  readonly headers: Pick<Headers, 'get'>
}

/** The cookies of one site: the session's, and one for each sign-in under way. */
export interface SessionCookies {
  /** The session's name, or `undefined` where there is none that counts. */
  session(request: WithFields): string | undefined
  /** The name under which the sign-in of `state` was begun in this browser. */
  signIn(request: Request, state: string): string | undefined
  /** Fields that give the session a name. */
  setSession(name: string): string
  /** Takes it away. */
  clearSession(): string
  /** Binds the sign-in of `state` to this browser. */
  setSignIn(state: string, name: string): string
  /** Takes it away. */
  clearSignIn(state: string): string
  /** Takes those of all sign-ins away where there are too many: nobody finished them. */
  clearSurplus(request: Request): readonly string[]
}

/** The cookies as `settings` want them. */
export function sessionCookies({ isSecure, cookie }: BffSettings): SessionCookies {
  // With the prefix no other host of the site can set them (RFC 6265bis §4.1.3). Browsers refuse it without https.
  const prefix = isSecure ? cookie.prefix : ''
  const sessionName = `${prefix}${cookie.name}`
  const signInName = `${prefix}${cookie.name}-sign-in-`
  const nameFor = (state: string) => signInName + (SUFFIX.exec(state)?.[0] ?? '')
  const age = cookie.maxAge === undefined ? undefined : Math.floor(cookie.maxAge / 1000)

  return {
    session: (request) => cookieCalled(request, sessionName),
    signIn: (request, state) => (SUFFIX.test(state) ? cookieCalled(request, nameFor(state)) : undefined),
    setSession: (name) => written(sessionName, name, cookie.sameSite, age),
    clearSession: () => written(sessionName, '', cookie.sameSite, 0),
    // The person comes back from another site, where a strict one stays behind.
    setSignIn: (state, name) => written(nameFor(state), name, 'Lax', SIGN_IN_AGE),
    clearSignIn: (state) => written(nameFor(state), '', 'Lax', 0),
    clearSurplus(request) {
      const names = namesOf(request).filter((name) => name.startsWith(signInName) && SUFFIX.test(name))
      return names.length < MOST_SIGN_INS ? [] : names.map((name) => written(name, '', 'Lax', 0))
    },
  }

  function written(name: string, value: string, sameSite: string, maxAge: number | undefined): string {
    const secure = isSecure ? '; Secure' : ''
    const lifetime = maxAge === undefined ? '' : `; Max-Age=${maxAge}`
    return `${name}=${value}; Path=/; HttpOnly; SameSite=${sameSite}${secure}${lifetime}`
  }
}

/** What the cookies of a request are called. */
function namesOf(request: Request): readonly string[] {
  const cookies = (request.headers.get('cookie') ?? '').split(';')
  return cookies.map((one) => one.trim().split('=', 1)[0] ?? '')
}

/** The value of the cookie that is called just so. Of two nobody knows who has set which, so none of them counts. */
function cookieCalled(request: WithFields, name: string): string | undefined {
  const values = (request.headers.get('cookie') ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(`${name}=`))
    .map((one) => one.slice(name.length + 1))
  const [value = ''] = values
  return values.length === 1 && VALUE.test(value) ? value : undefined
}
