import { type AccessTokenClaims, checkTimes } from './access-token-claims.ts'
import { AccessTokenError, Refusal, retryAfterField } from './access-token-error.ts'
import type { Bytes } from './builtin.ts'
import { challengeHeader } from './challenge-header.ts'
import { credentials, type GuardedRequest } from './credentials.ts'
import { type Decision, identityHashes } from './decision.ts'
import type { Denylist } from './denylist.ts'
import { type DpopProofOptions, type DpopProofs, dpopProofs } from './dpop-proof.ts'
import { invalidOption } from './invalid-option.ts'
import { deniableBy, type IssuerOptions } from './issuer.ts'
import { type AccessPolicy, checkPolicy, enforce } from './policy.ts'
import { type Validated, type ValidatorOptions, validator } from './validator.ts'

/** Options of {@link createGuard}. Everything is checked at construction. Milliseconds. */
export interface GuardOptions extends ValidatorOptions {
  /** Whose tokens are accepted: an issuer identifier, its description, or several. */
  readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[]
  /** The identifier of this API, or several: a token's `aud` has to hold one of them. There is no "any". */
  readonly audience: string | readonly string[]
  /** Tokens, sign-ins, people and clients that are refused although their tokens are still valid. Default none. */
  readonly denylist?: Denylist
  /** Tokens bound to a key (RFC 9449) are accepted, with their proof. Default: they are refused. */
  readonly dpop?: DpopProofOptions
  /** The `realm` of challenges. Default: the first audience. */
  readonly realm?: string
  /** Whether a challenge tells `reason` for `expired`, `not_yet_valid`, `revoked` and `session_ended`. Default true. */
  readonly tellReason?: boolean
  /** Hears every decision. What it throws is ignored. */
  readonly onDecision?: (decision: Decision) => void
  /** What a decision says about its request, for example a keyed hash of the address it came from. Default nothing. */
  readonly describe?: (request: GuardedRequest) => string | undefined
  /** Key of the hashes in decisions, at least 32 bytes; the same in all processes makes them comparable. Default: random. */
  readonly auditKey?: Bytes
}

/** Lets requests pass or throws. */
export interface Guard {
  /**
   * The claims of the request's access token, if it may pass.
   * @param policy what the route asks for; keep it as one object per route: it is checked once
   * @throws AccessTokenError for every request that may not; it is the whole answer. Whatever fails inside, the request does not pass.
   */
  (request: GuardedRequest, policy?: AccessPolicy): Promise<AccessTokenClaims>
  /** Fields for answers to requests that passed: with nonces, the next one. */
  answerHeaders(): Promise<Readonly<Record<string, string>>>
}

const NO_POLICY: AccessPolicy = {}
const NO_BINDING: Readonly<Record<string, unknown>> = {}

/**
 * A guard for an API: a request passes with an access token that is well formed, signed by the right issuer, for this API, valid
 * now, not denied, bound to the key that sent it, and allowed to do what the route does (RFC 6750, 8725, 9068, 9449, 9470).
 * Everything else is refused, with a reason. It fetches keys at the first request, not before.
 * @throws TokenManagerError `ERR_INVALID_OPTION` naming the option
 */
export function createGuard(options: GuardOptions): Guard {
  const { denylist, tellReason = true, onDecision, describe, now = Date.now, leeway = 60_000 } = options
  const { auditKey } = options
  if (auditKey && auditKey.length < 32) throw invalidOption('auditKey has to be at least 32 bytes')
  const audiences = typeof options.audience === 'string' ? [options.audience] : [...(options.audience ?? [])]
  const realm = options.realm ?? audiences[0] ?? ''
  if (!/^[ !#-[\]-~]*$/.test(realm)) throw invalidOption('realm has to be printable ASCII without " and \\')
  const tokens = validator(options, audiences)
  if (denylist?.whenStale === 'introspect' && !tokens.issuers.some(({ introspection }) => introspection))
    throw invalidOption("A denylist with whenStale 'introspect' needs an issuer with introspection")
  for (const issuer of tokens.issuers) denylist?.describeIssuer(deniableBy(issuer))
  const proofs: DpopProofs | undefined = options.dpop && dpopProofs(options.dpop, now, options.signatures)
  const challenge = {
    ...{ realm, reasons: tellReason },
    dpopAlgorithms: proofs?.algorithms,
    dpopRequired: proofs?.required ?? false,
  }
  const hashes = identityHashes(auditKey)

  const guard = async (request: GuardedRequest, policy: AccessPolicy = NO_POLICY) => {
    const began = onDecision ? performance.now() : 0
    const seen: Seen = {}
    try {
      const claims = await judge(request, policy, seen)
      if (onDecision) await tell(request, policy, seen, began)
      return claims
    } catch (cause) {
      const refusal = cause instanceof Refusal ? cause : new Refusal('guard_failed', (cause as Error | null)?.name)
      const error = await answer(refusal, seen)
      if (onDecision) await tell(request, policy, seen, began, error, refusal.answer.detail)
      throw error
    }
  }
  return Object.assign(guard, {
    async answerHeaders() {
      if (!proofs?.nonces) return {}
      return {
        'dpop-nonce': await proofs.nonces.current(),
        'cache-control': 'no-store',
        'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce, Date',
      }
    },
  })

  async function judge(request: GuardedRequest, policy: AccessPolicy, seen: Seen): Promise<AccessTokenClaims> {
    const rules = checkPolicy(policy)
    const brought = credentials(request)
    if (!brought) throw new Refusal('no_credentials')
    const { scheme, token } = brought
    seen.scheme = scheme
    const validated = await tokens.validate(token)
    const { claims } = validated
    seen.claims = claims
    checkTimes(claims, leeway, now())
    // What most requests have no need of is not waited for either.
    const proving = checkBinding(request, validated, scheme, token)
    const proof = proving && (await proving)
    const asking = checkDenied(validated, token, seen)
    if (asking !== undefined) await asking
    if (proof && proofs && (await proofs.use(proof)) === 'unknown') seen.degraded = 'replay_store_unavailable'
    enforce(rules, validated, leeway, now())
    return claims
  }

  function checkBinding(
    request: GuardedRequest,
    { claims, tokenType }: Validated,
    scheme: 'Bearer' | 'DPoP',
    token: string,
  ): ReturnType<DpopProofs['check']> | undefined {
    const { jkt, ...others } = claims.cnf ?? NO_BINDING
    // Bound to something that is not looked at here, such as a certificate (RFC 8705): whoever has it may be anybody.
    if (Object.keys(others).length)
      throw new Refusal('binding_mismatch', 'it is bound to something other than a DPoP key')
    if (jkt === undefined) {
      if (scheme === 'DPoP') throw new Refusal('binding_mismatch', 'a token that is bound to no key came as DPoP')
      if (proofs?.required) throw new Refusal('binding_mismatch', 'it is bound to no key')
      return undefined
    }
    if (!proofs) throw new Refusal('binding_mismatch', 'it is bound to a key and option dpop is not set')
    if (scheme === 'Bearer') throw new Refusal('binding_mismatch', 'a token that is bound to a key came as Bearer')
    if (tokenType !== undefined && tokenType.toLowerCase() !== 'dpop')
      throw new Refusal('binding_mismatch', 'the introspection answer has another token_type')
    return proofs.check(request, token, jkt)
  }

  /** The answer of the server where it has to be asked as well. */
  function checkDenied(validated: Validated, token: string, seen: Seen): Promise<unknown> | undefined {
    if (denylist) checkDenials(denylist, validated)
    const { introspection, introspectsJwts } = validated.issuer
    const stale = denylist?.stale
    const asksWhenStale = stale === 'introspect' && introspection !== undefined
    if (stale === 'allow') seen.degraded = 'denylist_stale'
    else if (stale !== undefined && !asksWhenStale) throw new Refusal('denylist_stale')

    const asksAlways = introspectsJwts && validated.isJwt
    return asksWhenStale || asksAlways ? introspection?.ask(token) : undefined
  }

  async function answer({ reason, answer: details }: Refusal, seen: Seen): Promise<AccessTokenError> {
    const { detail, params } = details
    const wwwAuthenticate = challengeHeader(challenge, reason, seen.scheme, params)
    const headers: Record<string, string> = {}
    if (wwwAuthenticate === undefined) headers['retry-after'] = retryAfterField(details)
    const nonce = wwwAuthenticate === undefined ? undefined : await proofs?.nonces?.current().catch(() => undefined)
    if (nonce !== undefined) headers['dpop-nonce'] = nonce
    return new AccessTokenError(reason, { wwwAuthenticate, headers, detail })
  }

  async function tell(
    request: GuardedRequest,
    policy: AccessPolicy,
    { claims, degraded }: Seen,
    began: number,
    error?: AccessTokenError,
    detail?: string,
  ): Promise<void> {
    try {
      const { reason, status } = error ?? {}
      const { iss, client_id } = claims ?? {}
      onDecision?.({
        ...{ at: now(), allowed: !error, reason, status, detail, degraded, issuer: iss, clientId: client_id },
        ...(claims && (await hashes(claims))),
        ...{ route: policy.route, request: describe?.(request), duration: performance.now() - began },
      })
    } catch {
      // Whoever listens has no say in what passes.
    }
  }
}

/** @throws Refusal where a denial names the token, or might: one that cannot be told from a denied one counts as denied */
function checkDenials(denylist: Denylist, { claims, subjectKind }: Validated): void {
  const denied = denylist.check(claims)
  if (denied) throw new Refusal(denied)
  const { jti, sid, sub, client_id } = claims
  const hasAllNames = jti !== undefined && sid !== undefined && sub !== undefined && client_id !== undefined
  const missing = hasAllNames ? undefined : denylist.cannotTell(claims)
  // What a client got for itself belongs to no sign-in.
  if (missing === undefined || (missing === 'sid' && subjectKind === 'client')) return
  const detail = `a denial of its issuer names tokens by ${missing}, and this one has none; option claims of the issuer`
  throw new Refusal(missing === 'sid' || missing === 'sub' ? 'session_ended' : 'revoked', detail)
}

/** What was found out about a request so far. */
interface Seen {
  scheme?: 'Bearer' | 'DPoP'
  claims?: AccessTokenClaims
  degraded?: Decision['degraded']
}
