import { TokenManagerError } from '../errors.ts'
import type { Fetch } from '../ports.ts'
import {
  type AccessToken,
  authorizationHeader,
  type Proofs,
  type RefusalHint,
  type Target,
  type TokenSource,
} from '../protocol/access-token.ts'
import { parseChallenges } from '../protocol/challenge.ts'
import type { ProofChallenge } from '../protocol/dpop.ts'
import type { TokenManagerEvents } from '../session/events.ts'
import { copyTo, readOnce, urlOfRequest } from './given-request.ts'
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
  readonly init: RequestInit & { readonly headers: Headers }
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
 * - The token is taken when the request is sent, and replaces an `Authorization` header of the caller's.
 * - A 401 that means the token (RFC 6750 §3.1) gets one new token and one second sending; a second 401 is returned. A body that
 *   can be read only once is never sent again: its 401 is returned. Where the challenge has `reason="not_yet_valid"`, the second
 *   sending is with the same token, 1.5 s later.
 * - 401 `insufficient_user_authentication` throws `ERR_STEP_UP_REQUIRED` with `acrValues`, `maxAge` (ms) and `scope` (RFC 9470 §3), and so does
 *   403 `insufficient_scope` with the `scope` that the API wants (RFC 6750 §3.1). Both are for `signIn({ stepUp: error })`.
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
    if (!place.target && unlisted === 'throw') throw notAllowed(place.reason, place.origin)
    const own = readOnce(init)
    const signal = (own.signal === undefined ? given?.signal : own.signal) ?? undefined
    let token =
      target &&
      (source.current(target) ??
        (await source.get(target, signal).catch((error) => {
          if (whenSignedOut === 'throw' || error?.code !== 'ERR_SIGNED_OUT') throw error
        })))
    if (!target || !token) return fetch(input, init)

    const request = given && copyTo(url, given)
    const body = requestBody(request, own)
    const follows = (own.redirect ?? request?.redirect ?? 'follow') === 'follow'
    const couldLeak = body || token.type === 'DPoP' || !place.wholeOrigin
    const manual = follows && (follow || couldLeak)
    const headers = new Headers(own.headers ?? request?.headers)
    const sentInit = { ...own, headers }
    if (manual) sentInit.redirect = 'manual'
    let sent: SentRequest = { target, url, to: request ?? url, init: sentInit, body, hops: 0 }
    let response: Response | undefined
    try {
      const proofs = token.type === 'DPoP' ? findProofs?.() : undefined
      const challenges = new Set<ProofChallenge>()
      for (let renewed = false; ; ) {
        if (!sent.target) return await fetch(sent.to, sent.init)
        const { headers, method = request?.method ?? 'GET' } = sent.init
        headers.set('authorization', authorizationHeader(token))
        let proof: string | undefined
        if (proofs && token.type === 'DPoP') {
          proof = await proofs.prove(token, method, sent.url)
          headers.set('dpop', proof)
        }
        response = await fetch(sent.to, sent.init)
        const challenge = proof ? proofs?.heed(response, sent.url, proof, renewed) : undefined
        const again = challenge !== undefined && !challenges.has(challenge)
        if (response.ok) return response
        if (manual && (response.type === 'opaqueredirect' || /^30[12378]$/.test(`${response.status}`))) {
          if (!follow) throw redirectedError(sent.url, response)
          const next = follow(response, sent, match)
          if (!next) return response
          sent = next
        } else {
          const hint: RefusalHint | '' = again ? '' : refusalOf(response, token, observe)
          if (hint === undefined || (renewed && !again)) return response
          const next: AccessToken | undefined = again
            ? token
            : await source.replace(target, token, signal, hint || undefined)
          const body = sent.body ? sent.body.replay() : null
          if (body === undefined) observe('retry_impossible', { status: 401 })
          const same = next?.value === token.value && !again && hint !== 'not_yet_valid'
          if (body === undefined || !next || same) return response
          if (again) challenges.add(challenge)
          else renewed = true
          if (next.type !== token.type) sent.init.headers.delete('dpop')
          token = next
          if (body !== null) sent = { ...sent, init: { ...sent.init, body } }
        }
        discard(response)
      }
    } catch (error) {
      discard(response)
      throw error
    } finally {
      body?.drop?.()
    }
  }
}

function discard(response: Response | undefined): void {
  response?.body?.cancel().catch(() => {})
}

/** Whether the answer means the token, and why: `''` where it does not say. The challenge of the scheme that was used decides (RFC 9449 §7.2). */
function refusalOf(
  { status, headers }: Response,
  token: AccessToken,
  observe: AuthorizedFetchOptions['observe'],
): RefusalHint | '' {
  if (status !== 401 && status !== 403) return undefined
  const errors = parseChallenges(headers.get('www-authenticate')).filter(
    ({ scheme, params }) => scheme === token.type.toLowerCase() && params.error,
  )
  const reason = status === 401 ? 'insufficient_user_authentication' : 'insufficient_scope'
  const wanted = errors.find(({ params }) => params.error === reason)?.params
  if (wanted) {
    const { acr_values, max_age = '' } = wanted
    const scope = printable(wanted.scope)
    observe('step_up_required', { reason, ...(scope && { scope }) })
    const error = new TokenManagerError(
      'ERR_STEP_UP_REQUIRED',
      reason,
      status === 401 ? 'The API wants a stronger or fresher sign-in' : 'The API wants more scope',
      {
        status,
        scope,
        acrValues: printable(acr_values)?.split(' '),
        maxAge: /^\d{1,9}$/.test(max_age) ? +max_age * 1000 : undefined,
      },
    )
    insufficient.set(error, token)
    throw error
  }
  const refused = errors.find(({ params }) => params.error === 'invalid_token')
  if (status !== 401 || (errors[0] && !refused)) return undefined
  return (
    (/^(expired|not_yet_valid|revoked|session_ended)$/.exec(refused?.params.reason ?? '')?.[0] as RefusalHint) ?? ''
  )
}

function printable(text = ''): string | undefined {
  return /^[ -~]{1,999}$/.test(text) ? text : undefined
}

/** `ERR_TARGET_NOT_ALLOWED` for what {@link Match} says. */
export function notAllowed(reason: 'target_not_listed' | 'insecure_target', origin = 'this URL'): TokenManagerError {
  return new TokenManagerError(
    'ERR_TARGET_NOT_ALLOWED',
    reason,
    `No token goes to ${origin}${reason === 'insecure_target' ? ', which is not https' : ''}`,
  )
}

/** The request to `url` was redirected to `where`, and will not be followed. */
export function redirectedError(url: string, { status }: Response, where = 'another address'): TokenManagerError {
  return new TokenManagerError(
    'ERR_REDIRECTED',
    'redirected',
    `${url.replace(/[?#].*/, '')} redirects to ${where}, where its token and its body do not go`,
    { status },
  )
}
