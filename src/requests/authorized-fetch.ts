import { TokenManagerError } from '../errors.ts'
import type { Fetch } from '../ports.ts'
import {
  type AccessToken,
  authorizationHeader,
  type ProofChallenge,
  type Proofs,
  type RefusalHint,
  type Target,
  type TokenSource,
} from '../protocol/access-token.ts'
import { LOOPBACK_HINT } from '../protocol/allow-insecure-loopback.ts'
import { parseChallenges } from '../protocol/challenge.ts'
import { withoutQuery } from '../protocol/failure.ts'
import type { TokenManagerEvents } from '../session/events.ts'
import { copyTo, type PlainHeaders, plainHeaders, readOnce, urlOfRequest } from './given-request.ts'
import { type RequestBody, requestBody } from './request-body.ts'
import type { Match } from './resource-matcher.ts'

/** A request with a token, as it is sent. */
export interface SentRequest {
  /** Which API the token is for. `undefined`: a redirect led to another place, and the request goes there without a token. */
  readonly target: Target | undefined
  /** The absolute URL. */
  readonly url: string
  /** The first argument of `fetch`. */
  readonly to: string | Request
  readonly init: RequestInit & { readonly headers: PlainHeaders }
  readonly body: RequestBody | undefined
  /** How many redirects were followed before this request. */
  readonly hops: number
}

/** Options of {@link authorizedFetch}. */
export interface AuthorizedFetchOptions {
  /** Where tokens come from. */
  readonly source: TokenSource
  /** The platform's `fetch`. */
  readonly fetch: Fetch
  /** Makes the proofs for DPoP tokens. Default: no proofs are sent. */
  readonly proofs?: (() => Proofs | undefined) | undefined
  /** Decides which URLs get a token. */
  readonly match: (url: string) => Match
  /**
   * What happens to a request whose URL gets no token. `'throw'`: it throws `ERR_TARGET_NOT_ALLOWED`. `'bare'`: it is sent as the caller
   * gave it, without a token.
   */
  readonly unlisted: 'throw' | 'bare'
  /** The same for a request while nobody is signed in. `'throw'`: it throws `ERR_SIGNED_OUT`. */
  readonly whenSignedOut: 'throw' | 'bare'
  /** Called with events that the caller cannot see in the response. Must not throw. */
  readonly observe: <T extends 'step_up_required' | 'retry_impossible'>(type: T, details: TokenManagerEvents[T]) => void
  /**
   * Makes the request that follows a redirect. `undefined` means that the caller gets the redirect itself. It throws if the redirect must
   * not be followed. It is for platforms where `redirect: 'manual'` shows where a redirect leads. Default: a redirect that could take the
   * token to another place throws `ERR_REDIRECTED`.
   */
  readonly follow?:
    | ((response: Response, sent: SentRequest, match: (url: string) => Match) => SentRequest | undefined)
    | undefined
}

/** For each error that asks for a step-up: the token that was not enough. */
export const insufficient = new WeakMap<object, AccessToken>()

/**
 * A `fetch` that adds the token. It takes the arguments of `fetch` and gives what `fetch` would give, with these differences:
 * - The token is taken when the request is sent. It replaces the caller's `Authorization` and `DPoP` headers.
 * - If a 401 says that the token is the reason (RFC 6750 §3.1), the request is sent a second time with a new token. A second 401 is returned.
 *   A request whose body can be read only once is not sent again: its 401 is returned. If the challenge has `reason="not_yet_valid"`, the
 *   request is sent again with the same token 1.5 s later.
 * - 401 `insufficient_user_authentication` throws `ERR_STEP_UP_REQUIRED` with `acrValues`, `maxAge` (ms) and `scope` (RFC 9470 §3). 403
 *   `insufficient_scope` throws it with the `scope` that the API asks for (RFC 6750 §3.1). Give the error to
 *   `signIn({ stepUp: stepUp(error) })`. A 403 that names no scope is returned.
 * - A DPoP token has a new proof in each request. If an API asks for another proof (RFC 9449 §9), the request is sent again with the same
 *   token: once because of a nonce, and once because of the proof's time. If an API accepts only Bearer tokens, it throws `ERR_UNSUPPORTED`.
 * - If the platform shows redirects, `follow` follows them. If it hides them, a redirect that could take the token, a proof or a body to
 *   another place throws `ERR_REDIRECTED`. Redirects of a request without body, whose Bearer token is for a whole origin, are left to the
 *   platform, which removes the token before it goes to another origin. `redirect: 'error'` and `redirect: 'manual'` are left to the platform.
 * - `signal` ends only this call's own wait and its own request. Other callers who wait for the same refresh go on waiting.
 */
export function authorizedFetch(options: AuthorizedFetchOptions): Fetch {
  const { source, fetch, proofs: findProofs, match, unlisted, whenSignedOut, observe, follow } = options

  return async (input, init) => {
    const urlGiven = urlOfRequest(input)
    const given = urlGiven === undefined ? undefined : (input as Request)
    const place = match(urlGiven ?? `${input}`)
    const { target, url } = place
    if (!place.target && unlisted === 'throw') throw notAllowed(place)

    const own = readOnce(init)
    const signal = (own.signal === undefined ? given?.signal : own.signal) ?? undefined
    const first = target && (source.current(target) ?? (await firstToken(target, signal)))
    if (!target || !first) return fetch(input, init)

    const request = given && copyTo(url, given)
    const body = requestBody(request, own)
    const headers = plainHeaders(own.headers ?? request?.headers)
    const follows = (own.redirect ?? request?.redirect ?? 'follow') === 'follow'
    const couldLeak = body || first.type === 'DPoP' || !place.wholeOrigin
    const isManual = follows && (couldLeak || follow !== undefined)
    const proofs = findProofs?.()
    const sentInit: SentRequest['init'] = Object.assign(own, { headers })
    if (isManual) sentInit.redirect = 'manual'

    let sent: SentRequest = { target, url, to: request ?? url, init: sentInit, body, hops: 0 }
    let token = first
    let response: Response | undefined
    /** The steps that this call has taken. None is taken twice. */
    const done = new Set<Step>()

    /** Follows a redirect, if the platform leaves that to this call. Gives false if the caller gets the redirect itself. */
    const redirected = (response: Response): boolean => {
      if (!isManual) return false
      if (!follow) throw redirectedError(sent.url, response)
      const followed = follow(response, sent, match)
      if (followed) sent = followed
      return followed !== undefined
    }

    /** Prepares the same request once more, with another token or for another proof. Gives false if that is not possible. */
    const readyAgain = async (step: Step, response: Response): Promise<boolean> => {
      done.add(step)

      const hint = hintOf(response, token.type)
      const other = step === 'renew' ? await source.replace(target, token, signal, hint) : token
      const isSame = step === 'renew' && other?.value === token.value

      const again = sent.body ? sent.body.replay() : null
      if (again === undefined) observe('retry_impossible', { status: 401 })
      if (!other || again === undefined) return false
      if (isSame && hint !== 'not_yet_valid') return false

      if (again !== null) sent = { ...sent, init: { ...sent.init, body: again } }
      token = other
      return true
    }

    try {
      while (sent.target) {
        const { headers, method = request?.method ?? 'GET' } = sent.init
        headers.authorization = authorizationHeader(token)
        if (proofs) await proofs.prove(token, method, sent.url, headers)

        response = await fetch(sent.to, sent.init)
        const challenge = proofs?.heed(response, sent.url, headers, done.has('renew'))
        const step = challenge && !done.has(challenge) ? challenge : next(response, token.type)
        if (step === 'done') return response
        if (step === 'step_up') throw stepUp(response, token)

        const goesOn = !done.has(step) && (step === 'follow' ? redirected(response) : await readyAgain(step, response))
        if (!goesOn) return response
        discard(response)
      }
      return await fetch(sent.to, sent.init)
    } catch (error) {
      discard(response)
      throw error
    } finally {
      body?.drop?.()
    }
  }

  async function firstToken(target: Target, signal: AbortSignal | undefined): Promise<AccessToken | undefined> {
    try {
      return await source.get(target, signal)
    } catch (error) {
      const isSignedOut = error instanceof TokenManagerError && error.code === 'ERR_SIGNED_OUT'
      if (whenSignedOut === 'bare' && isSignedOut) return undefined
      throw error
    }
  }

  function stepUp(response: Response, token: AccessToken): TokenManagerError {
    const { status } = response
    const reason = WANTS_MORE[status] as StepUpReason
    const { acr_values, max_age = '', ...wanted } = wantedBy(response, token.type) ?? {}
    const scope = printable(wanted.scope)
    observe('step_up_required', { reason, ...(scope && { scope }) })

    const error = new TokenManagerError(
      'ERR_STEP_UP_REQUIRED',
      reason,
      'The API wants more: signIn({ stepUp: stepUp(error) }) asks for it',
      {
        status,
        scope,
        acrValues: printable(acr_values)?.split(' '),
        maxAge: /^\d{1,9}$/.test(max_age) ? Number(max_age) * 1000 : undefined,
      },
    )
    insufficient.set(error, token)
    return error
  }
}

/** What has to happen after an answer. */
export type Next =
  /** The caller gets the answer. */
  | 'done'
  /** The redirect is followed. */
  | 'follow'
  /** The request is sent again with another token. */
  | 'renew'
  /** The caller gets an error that asks for a step-up. */
  | 'step_up'

/** What has to happen after an answer. A {@link ProofChallenge}: the request is sent again with another proof. */
type Step = Next | ProofChallenge

/** What has to happen after an answer to a request with a token of `type`. The challenge for that scheme decides (RFC 9449 §7.2). */
export function next(answer: Answer, type: AccessToken['type']): Next {
  if (answer.ok) return 'done'
  const { status } = answer
  if (answer.type === 'opaqueredirect' || /^30[12378]$/.test(`${status}`)) return 'follow'

  if (wantedBy(answer, type)) return 'step_up'

  const errors = errorsIn(answer, type).map(({ error }) => error)
  const meansToken = errors.length === 0 || errors.includes('invalid_token')
  return status === 401 && meansToken ? 'renew' : 'done'
}

/** The parts of an answer that {@link next} reads. */
export interface Answer extends Pick<Response, 'ok' | 'status'>, Partial<Pick<Response, 'type'>> {
  readonly headers: Pick<Headers, 'get'>
}

type StepUpReason = 'insufficient_user_authentication' | 'insufficient_scope'

/** For each status: the error by which an API asks for another sign-in (RFC 9470 §3, RFC 6750 §3.1). */
const WANTS_MORE: Readonly<Record<number, StepUpReason>> = {
  401: 'insufficient_user_authentication',
  403: 'insufficient_scope',
}

/** The parameters of all challenges that have the scheme `type` and an `error`. */
function errorsIn({ headers }: Answer, type: string) {
  return parseChallenges(headers.get('www-authenticate'))
    .filter(({ scheme, params }) => scheme === type.toLowerCase() && params.error)
    .map(({ params }) => params)
}

/** The parameters of the challenge that asks for another sign-in. */
function wantedBy(answer: Answer, type: string) {
  const { status } = answer
  // Frameworks answer 403 without a scope to everybody who may not do something. No sign-in would help.
  return errorsIn(answer, type).find(({ error, scope }) => error === WANTS_MORE[status] && (scope || status === 401))
}

/** Why the token was refused. `undefined` if the API does not say. */
function hintOf(answer: Answer, type: string): RefusalHint {
  const refused = errorsIn(answer, type).find(({ error }) => error === 'invalid_token')
  return HINTS.find((hint) => hint === refused?.reason)
}

const HINTS = ['expired', 'not_yet_valid', 'revoked', 'session_ended'] as const

function discard(response: Response | undefined): void {
  response?.body?.cancel().catch(() => {})
}

function printable(text = ''): string | undefined {
  return /^[ -~]{1,999}$/.test(text) ? text : undefined
}

type NoMatch = Extract<Match, { target?: undefined }>

/** The error `ERR_TARGET_NOT_ALLOWED` for a URL that gets no token. */
export function notAllowed(match: NoMatch): TokenManagerError {
  return new TokenManagerError('ERR_TARGET_NOT_ALLOWED', match.reason, whyNot(match))
}

function whyNot({ reason, place = 'this URL', listed }: NoMatch): string {
  const isInsecure = reason === 'insecure_target'
  const unlisted = `resources lists ${listed.join(', ') || 'nothing of its origin'}`
  return `No token goes to ${place}: ${isInsecure ? `it is not https${LOOPBACK_HINT}` : unlisted}`
}

/** The error for a redirect from `url` to `where` that is not followed. */
export function redirectedError(url: string, { status }: Response, where?: string): TokenManagerError {
  return new TokenManagerError(
    'ERR_REDIRECTED',
    'redirected',
    `${withoutQuery(url)} redirects to ${where ?? 'another address'}, where its token and body do not go`,
    { status },
  )
}
