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

/** A request as it was sent with a token. */
export interface SentRequest {
  /** `undefined`: it leads away from the place that the token is for, and goes on without one. */
  readonly target: Target | undefined
  /** Absolute. */
  readonly url: string
  /** What `fetch` was called with. */
  readonly to: string | Request
  readonly init: RequestInit & { readonly headers: PlainHeaders }
  readonly body: RequestBody | undefined
  /** Redirects that led here. */
  readonly hops: number
}

/** What {@link authorizedFetch} is made of. */
export interface AuthorizedFetchOptions {
  /** Where tokens come from. */
  readonly source: TokenSource
  /** The platform's `fetch`. */
  readonly fetch: Fetch
  /** For DPoP tokens, which go without a proof where there is none. */
  readonly proofs?: (() => Proofs | undefined) | undefined
  /** Where tokens may go. */
  readonly match: (url: string) => Match
  /** For URLs that get no token. `'throw'`: `ERR_TARGET_NOT_ALLOWED`. `'bare'`: sent as the caller gave it, without a token. */
  readonly unlisted: 'throw' | 'bare'
  /** When nobody is signed in. `'throw'`: `ERR_SIGNED_OUT`. `'bare'`: sent as the caller gave it, without a token. */
  readonly whenSignedOut: 'throw' | 'bare'
  /** Hears what the response does not say. Must not throw. */
  readonly observe: <T extends 'step_up_required' | 'retry_impossible'>(type: T, details: TokenManagerEvents[T]) => void
  /**
   * The request that follows a redirect, or `undefined` to hand the response on; throws when it may not be followed. For
   * platforms whose `redirect: 'manual'` shows where a redirect leads; absent: one that could take the token elsewhere throws
   * `ERR_REDIRECTED`.
   */
  readonly follow?:
    | ((response: Response, sent: SentRequest, match: (url: string) => Match) => SentRequest | undefined)
    | undefined
}

/** The tokens that were not enough, by the error that says so. */
export const insufficient = new WeakMap<object, AccessToken>()

/**
 * A `fetch` that carries the token. It takes what `fetch` takes and gives what `fetch` would give, with these additions:
 * - The token is taken when the request is sent, and replaces `Authorization` and `DPoP` headers of the caller's.
 * - A 401 that means the token (RFC 6750 §3.1) gets one new token and one second sending; a second 401 is returned. A body that
 *   can be read only once is never sent again: its 401 is returned. Where the challenge has `reason="not_yet_valid"`, the second
 *   sending is with the same token, 1.5 s later.
 * - 401 `insufficient_user_authentication` throws `ERR_STEP_UP_REQUIRED` with `acrValues`, `maxAge` (ms) and `scope` (RFC 9470 §3), and so does
 *   403 `insufficient_scope` with the `scope` that the API wants (RFC 6750 §3.1). Both are for `signIn({ stepUp: stepUp(error) })`.
 * - A DPoP token goes with a new proof each time. An API that asks for another proof (RFC 9449 §9) gets one with the same token, once for
 *   a nonce and once for the time it was made at. One that knows Bearer tokens only gets none: `ERR_UNSUPPORTED`.
 * - Where the platform shows redirects, `follow` follows them. Where it hides them, one that could take the token, a proof or a body to
 *   another place throws `ERR_REDIRECTED`; a Bearer token whose entry is all of its origin is left to the platform, which drops it
 *   between origins. `redirect: 'error'` and `'manual'` of the caller's are left to the platform.
 * - `signal` ends this call's own wait and its own request, nothing that others wait for.
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
    const couldLeak = [body, first.type === 'DPoP', !place.wholeOrigin].some(Boolean)
    const isManual = follows && (couldLeak || follow !== undefined)
    const proofs = findProofs?.()
    const sentInit: SentRequest['init'] = Object.assign(own, { headers })
    if (isManual) sentInit.redirect = 'manual'

    let sent: SentRequest = { target, url, to: request ?? url, init: sentInit, body, hops: 0 }
    let token = first
    let response: Response | undefined
    /** What this call has done about an answer, and does not do again. */
    const done = new Set<Step>()
    /** Goes where a redirect leads, if it is looked at here. */
    const redirected = (response: Response): boolean => {
      if (!isManual) return false
      if (!follow) throw redirectedError(sent.url, response)
      const followed = follow(response, sent, match)
      if (followed) sent = followed
      return followed !== undefined
    }

    /** Makes ready the same request once more, with another token or for another proof, if that is possible. */
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
    const {
      acr_values,
      max_age = '',
      ...wanted
    } = errorsIn(response, token.type).find(({ error }) => error === reason) ?? {}
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

/** What follows an answer. */
export type Next =
  /** Nothing: it is what the caller gets. */
  | 'done'
  /** Its redirect. */
  | 'follow'
  /** The same request with another token. */
  | 'renew'
  /** A sign-in that brings what the API wants. */
  | 'step_up'

/** What follows an answer, or the same request with another proof, and why. */
type Step = Next | ProofChallenge

/** What an answer to a request with a token of `type` asks for. The challenge of that scheme decides (RFC 9449 §7.2). */
export function next(answer: Answer, type: AccessToken['type']): Next {
  if (answer.ok) return 'done'
  const { status } = answer
  if (answer.type === 'opaqueredirect' || /^30[12378]$/.test(`${status}`)) return 'follow'

  const errors = errorsIn(answer, type).map(({ error }) => error)
  if (errors.includes(WANTS_MORE[status])) return 'step_up'
  const meansToken = errors.length === 0 || errors.includes('invalid_token')
  return status === 401 && meansToken ? 'renew' : 'done'
}

/** As much of an answer as says what follows it. */
export interface Answer extends Pick<Response, 'ok' | 'status'>, Partial<Pick<Response, 'type'>> {
  readonly headers: Pick<Headers, 'get'>
}

type StepUpReason = 'insufficient_user_authentication' | 'insufficient_scope'

/** By status: what an API answers that wants another sign-in (RFC 9470 §3, RFC 6750 §3.1). */
const WANTS_MORE: Readonly<Record<number, StepUpReason>> = {
  401: 'insufficient_user_authentication',
  403: 'insufficient_scope',
}

/** The parameters of the challenges of the scheme `type` that name an error. */
function errorsIn({ headers }: Answer, type: string) {
  return parseChallenges(headers.get('www-authenticate'))
    .filter(({ scheme, params }) => scheme === type.toLowerCase() && params.error)
    .map(({ params }) => params)
}

/** Why the token was refused, as far as the API says. */
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

/** `ERR_TARGET_NOT_ALLOWED` for what {@link Match} says. */
export function notAllowed(match: NoMatch): TokenManagerError {
  return new TokenManagerError('ERR_TARGET_NOT_ALLOWED', match.reason, whyNot(match))
}

function whyNot({ reason, place = 'this URL', listed }: NoMatch): string {
  const isInsecure = reason === 'insecure_target'
  const unlisted = `resources lists ${listed.join(', ') || 'nothing of its origin'}`
  return `No token goes to ${place}: ${isInsecure ? `it is not https${LOOPBACK_HINT}` : unlisted}`
}

/** The request to `url` was redirected to `where`, and will not be followed. */
export function redirectedError(url: string, { status }: Response, where?: string): TokenManagerError {
  return new TokenManagerError(
    'ERR_REDIRECTED',
    'redirected',
    `${withoutQuery(url)} redirects to ${where ?? 'another address'}, where its token and body do not go`,
    { status },
  )
}
