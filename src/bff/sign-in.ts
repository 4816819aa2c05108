import { TokenManagerError } from '../errors.ts'
import { type StepUp, stepUp } from '../manager/step-up.ts'
import type { SignInOptions } from '../manager/token-manager.ts'
import type { UserAgent } from '../ports.ts'
import type { BffSettings } from './bff-settings.ts'
import { checkOwnNavigation, checkTopLevel } from './cross-site.ts'
import { Refused, refusalAsText, refusedBy } from './refusal.ts'
import { returnPath } from './return-path.ts'
import { accountOf, newName, type SessionCookies } from './session-cookie.ts'

/** The URL of the authorization request, and the `state` that the person comes back with. */
interface Departure {
  readonly url: string
  readonly state: string
}

const PARAMETERS = ['returnTo', 'prompt', 'loginHint', 'acrValues', 'maxAge', 'scope', 'uiLocales']

/**
 * Sends the person to the authorization server. Until they come back, only the sign-in is stored, and no session.
 * @throws Refused 400, 403; TokenManagerError if the authorization request cannot be made
 */
export async function login(request: Request, settings: BffSettings, cookies: SessionCookies): Promise<Response> {
  checkOwnNavigation(request, settings)
  const { sessions, origin } = settings
  const options = signInOptions(new URL(request.url).searchParams, origin)

  // A person who is signed in keeps the session until they come back. The new session then replaces it.
  const present = cookies.session(request)
  const isLiving = present !== undefined && (await sessions.check(accountOf(present))).state.status === 'signedIn'
  if (!isLiving) settings.countSignIn()
  const begun = isLiving ? present : newName()

  const departure = await departing((userAgent) => sessions.get(accountOf(begun)).signIn({ ...options, userAgent }))
  // Another tab has already done the step-up. So there is no need to go to the server.
  if (!departure) return redirectTo(origin + options.returnTo)

  const { url, state } = departure
  return redirectTo(url, [...cookies.clearSurplus(request), cookies.setSignIn(state, begun)])
}

/**
 * Answers when the person comes back from the authorization server. It works once, and only in the browser that began the sign-in. The session
 * gets a new name in any case. If the sign-in failed and the session from before goes on, that gets a new name too. The old name is no longer
 * valid.
 * @throws Refused 403, 503
 */
export async function callback(request: Request, settings: BffSettings, cookies: SessionCookies): Promise<Response> {
  checkTopLevel(request)
  const { sessions, origin, base } = settings
  const { search, searchParams } = new URL(request.url)
  const [state = '', ...more] = searchParams.getAll('state')

  const begun = cookies.signIn(request, state)
  if (begun === undefined || more.length > 0) {
    // A browser that keeps no cookies would come back for ever to a page that signs in by itself.
    if (!request.headers.has('cookie')) throw noSignIn()
    return failed(noSignIn(), settings)
  }

  const name = newName()
  const account = accountOf(name)
  const forget = cookies.clearSignIn(state)
  let isRenamed = false
  try {
    await sessions.rename(accountOf(begun), account)
    await replacing(request, { settings, cookies, begun, account })
    isRenamed = true
    const signedIn = await sessions.get(account).completeSignIn(`${origin}${base}/callback${search}`)
    const { returnTo = '/' } = signedIn.status === 'signedIn' ? signedIn.session : {}
    return redirectTo(origin + (returnPath(returnTo, origin) ?? '/'), [cookies.setSession(name), forget])
  } catch (error) {
    const answer = failed(error, settings)
    answer.headers.append('set-cookie', forget)
    const livesOn = await sessions.check(account).then(
      (check) => check.state.status === 'signedIn',
      // Nobody can say. If there is a session, the browser needs its name.
      () => isRenamed,
    )
    if (livesOn) answer.headers.append('set-cookie', cookies.setSession(name))

    return answer
  }
}

function noSignIn(): Refused {
  return new Refused(400, 'no_sign_in', 'No sign-in with this answer was begun in this browser. Begin it again')
}

/** The answer for a person whose sign-in failed. */
function failed(error: unknown, { origin, base, signInFailed, clock, tell }: BffSettings): Response {
  const refused = refusedBy(error, clock.now())
  tell(refused, `${base}/callback`)

  if (signInFailed === undefined) return refusalAsText(refused)

  const reason = error instanceof TokenManagerError ? error.reason : refused.code
  return redirectTo(origin + withReason(signInFailed, reason))
}

/** Replaces a session that was begun in this browser while the person was away. Otherwise it would go on without anybody using it. */
async function replacing(
  request: Request,
  of: {
    readonly settings: BffSettings
    readonly cookies: SessionCookies
    readonly begun: string
    readonly account: string
  },
): Promise<void> {
  const present = of.cookies.session(request)
  if (present === undefined || present === of.begun) return

  await of.settings.sessions.rename(accountOf(present), of.account).catch((error: TokenManagerError) => {
    // Only one session can be replaced, and that is the one which began the sign-in. The other one ends by its own limits.
    if (error.code !== 'ERR_INVALID_OPTION') throw error
  })
}

/** Runs `signIn` until the person has to go to the server, and gives the URL. `undefined` if the sign-in ends before that. */
function departing(signIn: (userAgent: UserAgent) => Promise<unknown>): Promise<Departure | undefined> {
  let leave = (_: Departure) => {}
  const left = new Promise<Departure>((resolve) => {
    leave = resolve
  })

  const userAgent: UserAgent = {
    authorize(url, _, state) {
      leave({ url, state })
      // Never settles: the person comes back with another request, to the path `callback`.
      return new Promise(() => {})
    },
    callbackUrl: () => undefined,
  }

  return Promise.race([left, signIn(userAgent).then(() => undefined)])
}

function signInOptions(query: URLSearchParams, origin: string): SignInOptions & { readonly returnTo: string } {
  const [unknown] = [...query.keys()].filter((name) => !PARAMETERS.includes(name))
  if (unknown !== undefined) throw wrong(`There is no parameter ${JSON.stringify(unknown)}`)

  const given = (name: string, form: RegExp) => {
    const [value, ...more] = query.getAll(name)
    if (more.length > 0) throw wrong(`${name} has to be there once`)
    if (value !== undefined && !form.test(value)) throw wrong(`${name} is not what it has to be`)
    return value
  }

  const returnTo = returnPath(given('returnTo', /^/) ?? '/', origin)
  if (returnTo === undefined) throw wrong('returnTo has to be a path of this site')

  const prompt = given('prompt', /^[a-z_ ]{1,64}$/)
  const loginHint = given('loginHint', /^[^\p{Cc}]{1,256}$/u)
  const uiLocales = given('uiLocales', /^[\w -]{1,128}$/)?.split(' ')
  const step = stepUpOf({
    acrValues: given('acrValues', /^[!-~ ]{1,512}$/)?.split(' '),
    maxAge: given('maxAge', /^\d{1,12}$/),
    scope: given('scope', /^[!-~ ]{1,512}$/),
  })

  return {
    returnTo,
    ...(prompt !== undefined && { prompt }),
    ...(loginHint !== undefined && { loginHint }),
    ...(uiLocales && { uiLocales }),
    ...(step && { stepUp: step }),
  }
}

/** The step-up that an API asked the page for (RFC 9470). `undefined` if the page sent none. */
function stepUpOf(wanted: {
  readonly acrValues: readonly string[] | undefined
  readonly maxAge: string | undefined
  readonly scope: string | undefined
}): StepUp | undefined {
  const { acrValues, maxAge, scope } = wanted
  const isWanted = acrValues !== undefined || maxAge !== undefined || scope !== undefined
  if (!isWanted) return undefined

  const age = maxAge === undefined ? undefined : Number(maxAge)
  const what = 'An API asked for it'
  const details = { acrValues, maxAge: age, scope }
  return stepUp(new TokenManagerError('ERR_STEP_UP_REQUIRED', 'insufficient_user_authentication', what, details))
}

function wrong(message: string): Refused {
  return new Refused(400, 'invalid_request', message)
}

function withReason(path: string, reason: string): string {
  const [page = '', hash] = path.split('#')
  const mark = page.includes('?') ? '&' : '?'
  return `${page}${mark}reason=${reason}${hash === undefined ? '' : `#${hash}`}`
}

function redirectTo(url: string, setCookies: readonly string[] = []): Response {
  const headers = new Headers({ location: url, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  for (const line of setCookies) headers.append('set-cookie', line)
  return new Response(null, { status: 303, headers })
}
