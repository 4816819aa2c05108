import { TokenManagerError } from '../errors.ts'
import { allowInsecureLoopback } from '../protocol/allow-insecure-loopback.ts'
import { Refusal, retryAfterField } from './access-token-error.ts'
import type { Denial } from './denial.ts'
import type { Denylist } from './denylist.ts'
import { invalidOption } from './invalid-option.ts'
import { deniableBy, type IssuerOptions, issuerFrom } from './issuer.ts'
import { checkAlgorithm, checkSignature, signatureNames } from './issuer-signature.ts'
import { type KeyOptions, keySource } from './key-options.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'
import { type LogoutToken, readLogoutToken } from './logout-token.ts'
import { memoryReplayStore, type ReplayStore } from './replay-store.ts'
import { sha256 } from './sha256.ts'
import { readJwt } from './strict-jwt.ts'

/**
 * Set it to `true` in the options to accept logout tokens without the type `logout+jwt` (OpenID Connect Back-Channel Logout 1.0
 * §2.4 only recommends it). It is the same as `logout: { types: ['logout+jwt', 'JWT', undefined] }` of the issuer. Tokens of any other type
 * are still refused.
 */
export const allowUntypedLogoutTokens: unique symbol = Symbol('allowUntypedLogoutTokens')

/** A logout at the authorization server. */
export interface LogoutEvent {
  /** The issuer identifier of the authorization server. */
  readonly issuer: string
  /** The person. Absent if the server names only the sign-in. */
  readonly subject?: string | undefined
  /** The sign-in that has ended. Absent if all sign-ins of `subject` have ended. */
  readonly sid?: string | undefined
  /** When the logout was issued, epoch milliseconds. A session that began later goes on. */
  readonly issuedAt: number
}

/** The result of one request to the endpoint, for logs. */
export interface LogoutDecision {
  /** When the request was answered, in epoch milliseconds. */
  readonly at: number
  /** Whether the answer was 200. */
  readonly accepted: boolean
  /** `'done'`, `'repeated'` (it was carried out before), or what was wrong. */
  readonly outcome: string
  /** The issuer, as it is configured. */
  readonly issuer: string
}

/** Options of {@link createBackchannelLogout}. Milliseconds. */
export interface BackchannelLogoutOptions {
  /** The authorization server whose logouts are accepted: its issuer identifier, or a description. */
  readonly issuer: string | IssuerOptions
  /** The client the endpoint is registered for: the logout token's `aud`. */
  readonly clientId: string
  /** The denylist that gets the access tokens of the sign-in. Default: none. */
  readonly denylist?: Denylist
  /**
   * What is denied. `'session'` (default): access tokens with the `sid` of the logout token, and tokens of its `sub` without any `sid`.
   * `'subject'`: all tokens of the person. A logout token without `sid` always means the whole person.
   */
  readonly deny?: 'session' | 'subject'
  /**
   * Ends your application's own sessions that began at or before `issuedAt`. It resolves when that is done. It may be called twice, and is
   * called even if the denylist fails.
   */
  readonly endSessions?: (event: LogoutEvent) => Promise<void> | void
  /** Remembers logout tokens that were carried out. Default `memoryReplayStore()`. */
  readonly replayStore?: ReplayStore
  /** How far the clocks may be apart. Default 60 000, at most 60 000. */
  readonly leeway?: number
  /** The longest a logout token may be valid; from `iat` on where it has no `exp` and the issuer's `logout` allows that. Default 600 000. */
  readonly maxLifetime?: number
  /** Is called with every request. An error that it throws is ignored. */
  readonly onDecision?: (decision: LogoutDecision) => void
  /** How the issuer's keys are kept. */
  readonly keys?: KeyOptions
  /** For keys and metadata. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
  /** Wall clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number
  /** Accepts logout tokens without a type. */
  readonly [allowUntypedLogoutTokens]?: boolean
  /** Allows http for the issuer on loopback hosts. */
  readonly [allowInsecureLoopback]?: boolean
}

const NAMES: OptionNames<BackchannelLogoutOptions> = {
  issuer: true,
  clientId: true,
  denylist: true,
  deny: true,
  endSessions: true,
  replayStore: true,
  leeway: true,
  maxLifetime: true,
  onDecision: true,
  keys: true,
  fetch: true,
  now: true,
}
/** The longest request that is read, in characters. */
const LIMIT = 32_768

/**
 * Creates the endpoint for OpenID Connect Back-Channel Logout 1.0, a function from `Request` to `Response`. It answers 200 only when sessions are
 * ended and denials are stored. 503 asks the server to try again. A session that began after the logout is not ended.
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function createBackchannelLogout(options: BackchannelLogoutOptions): (request: Request) => Promise<Response> {
  checkOptionNames(options, NAMES)
  const { clientId, denylist, deny = 'session', endSessions, onDecision, now = Date.now } = options
  const { replayStore = memoryReplayStore({ now }), leeway = 60_000, maxLifetime = 600_000 } = options
  if (!clientId) throw invalidOption('clientId has to be the client the endpoint is registered for')
  if (!denylist && !endSessions) throw invalidOption('Back-channel logout needs denylist, endSessions, or both')
  if (!(leeway >= 0 && leeway <= 60_000)) throw invalidOption('leeway has to be 0 to 60 000 ms')
  if (deny !== 'session' && deny !== 'subject') throw invalidOption("deny has to be 'session' or 'subject'")
  const allowsInsecure = options[allowInsecureLoopback] === true
  const issuer = issuerFrom(describedIssuer(options), keySource(options), allowsInsecure)
  // The dialect is that of access tokens. The ID tokens of a pool's sessions name the sign-in even if those do not.
  denylist?.describeIssuer({ ...deniableBy(issuer), hasSessionIds: true })

  const rules = { issuer, clientId, leeway, maxLifetime }

  return async (request) => {
    if (request.method !== 'POST') return respond(405, 'method', { allow: 'POST' })

    let token: LogoutToken
    try {
      token = await verified(await logoutTokenOf(request))
    } catch (cause) {
      return refuse(cause instanceof Refusal ? cause : new Refusal('malformed', 'the body could not be read'))
    }

    const key = await sha256(JSON.stringify(['logout', token.issuer, token.jti]))
    // If the store fails, the logout is carried out again. That does no harm, because it ends no session that began later.
    if (await replayStore.has(key).catch(() => false)) return respond(200, 'repeated')
    try {
      await carryOut(token)
    } catch (cause) {
      return respond(503, notStored(cause), { 'retry-after': retryAfterField() })
    }
    await replayStore.add(key, token.expiresAt + leeway).catch(() => {})
    return respond(200, 'done')
  }

  async function verified(text: string): Promise<LogoutToken> {
    const jwt = readJwt(text)
    if (!jwt) throw new Refusal('malformed', 'logout_token is no JWT')

    const names = signatureNames(jwt.header)
    checkAlgorithm(names.alg, issuer)

    // The claims are checked first: if they are wrong, no keys need to be fetched and no signature verified.
    const token = readLogoutToken(jwt, rules, now())
    await checkSignature(text, names, issuer, token.issuer)
    return token
  }

  function refuse({ reason, answer }: Refusal): Response {
    const outcome = answer.detail ?? reason
    if (reason !== 'keys_unavailable') return respond(400, outcome)

    // The issuer may have a new key that this host has not fetched yet. So the server should try again.
    return respond(503, outcome, { 'retry-after': retryAfterField(answer) })
  }

  async function carryOut(token: LogoutToken): Promise<void> {
    const { subject, sid, issuedAt } = token
    try {
      await denylist?.deny(denialOf(token))
    } finally {
      // Also if the denylist fails. If a guard has told it that no token of the issuer names the sign-in, it refuses such a denial every time.
      await endSessions?.({ issuer: token.issuer, subject, sid, issuedAt })
    }
  }

  function denialOf({ issuer, subject, sid = '', issuedAt }: LogoutToken): Denial {
    const place = { issuer, before: issuedAt }
    if (subject === undefined) return { ...place, sid }
    return sid === '' || deny === 'subject' ? { ...place, subject } : { ...place, sid, owner: subject }
  }

  function respond(status: number, outcome: string, headers: Record<string, string> = {}): Response {
    try {
      onDecision?.({ at: now(), accepted: status === 200, outcome, issuer: issuer.issuer })
    } catch {
      // An error in the listener must not change the answer.
    }

    const body = status === 400 ? '{"error":"invalid_request"}' : null
    return new Response(body, {
      status,
      headers: { 'cache-control': 'no-store', ...(body && { 'content-type': 'application/json' }), ...headers },
    })
  }
}

function describedIssuer({ issuer, [allowUntypedLogoutTokens]: untyped }: BackchannelLogoutOptions): IssuerOptions {
  const described: IssuerOptions = typeof issuer === 'string' ? { issuer } : issuer
  if (!untyped || described.logout?.types) return described
  return { ...described, logout: { ...described.logout, types: ['logout+jwt', 'JWT', undefined] } }
}

/** The outcome if a logout was not carried out. The message of the denylist has no secret in it; other errors may have one. */
function notStored(cause: unknown): string {
  const isRefused = cause instanceof TokenManagerError && cause.code === 'ERR_INVALID_OPTION'
  return isRefused ? `not_stored: ${cause.message}` : 'not_stored'
}

async function logoutTokenOf(request: Request): Promise<string> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) throw new Refusal('malformed', 'content-type')

  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of request.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length > LIMIT) throw new Refusal('malformed', 'too long')
  }

  const tokens = new URLSearchParams(text).getAll('logout_token')
  if (tokens.length !== 1) throw new Refusal('malformed', 'not one logout_token')
  return tokens[0] as string
}
