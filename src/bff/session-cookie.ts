import { createHash, randomBytes } from 'node:crypto'
import type { BffSettings } from './bff-settings.ts'

/** 32 random bytes as base64url. */
const VALUE = /^[\w-]{43}$/

/** How long a person may take to sign in, in seconds. The stored sign-in is valid for the same time. */
const SIGN_IN_AGE = 3_600

/** How many cookies of unfinished sign-ins a browser may have. With more, its requests could become too long for a server. */
const MOST_SIGN_INS = 16

/** The end of a `state`. The name of the sign-in's cookie ends with it. */
const SUFFIX = /[\w-]{16}$/

/** Makes a value for a cookie that nobody can guess. */
export function newName(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * The account, in the pool, of the session whose cookie has the value `name`. It is a hash, so that nobody can use what stands in the store or
 * in an event as a cookie.
 */
export function accountOf(name: string): string {
  return createHash('sha256').update(name).digest('base64url')
}

/** A request, or only its header fields. */
interface WithFields {
  readonly headers: Pick<Headers, 'get'>
}

/** Reads the cookies of a site and makes `Set-Cookie` fields. There is one cookie for the session, and one for each unfinished sign-in. */
export interface SessionCookies {
  /** The value of the session's cookie. `undefined` if there is no valid one. */
  session(request: WithFields): string | undefined
  /** The value of the cookie of the sign-in with `state`. `undefined` if this browser did not begin that sign-in. */
  signIn(request: Request, state: string): string | undefined
  /** The field that sets the session's cookie. */
  setSession(name: string): string
  /** The field that removes the session's cookie. */
  clearSession(): string
  /** The field that sets the cookie of the sign-in with `state`, so that only this browser can finish it. */
  setSignIn(state: string, name: string): string
  /** The field that removes the cookie of the sign-in with `state`. */
  clearSignIn(state: string): string
  /** The fields that remove the cookies of all unfinished sign-ins, if there are too many. None otherwise. */
  clearSurplus(request: Request): readonly string[]
}

/** The cookies of the site with these `settings`. */
export function sessionCookies({ isSecure, cookie }: BffSettings): SessionCookies {
  // The prefix keeps other hosts of the same domain from setting the cookies (RFC 6265bis §4.1.3). It works only with https.
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
    // Lax, because the person comes back from another site: the browser would not send a strict cookie then.
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

/** The names of the cookies in a request. */
function namesOf(request: Request): readonly string[] {
  const cookies = (request.headers.get('cookie') ?? '').split(';')
  return cookies.map((one) => one.trim().split('=', 1)[0] ?? '')
}

/** The value of the cookie `name`. If there are two with this name, neither counts, because one may come from somebody else. */
function cookieCalled(request: WithFields, name: string): string | undefined {
  const values = (request.headers.get('cookie') ?? '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one.startsWith(`${name}=`))
    .map((one) => one.slice(name.length + 1))
  const [value = ''] = values
  return values.length === 1 && VALUE.test(value) ? value : undefined
}
