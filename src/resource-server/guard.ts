import { type AccessTokenClaims, checkTimes } from './access-token-claims.ts'
import { AccessTokenError, failure, Refusal, retryAfterField } from './access-token-error.ts'
import type { Bytes } from './builtin.ts'
import { challengeHeader } from './challenge-header.ts'
import { credentials, type GuardedRequest } from './credentials.ts'
import { type Decision, decisionTeller } from './decision.ts'
import { checkDenials, describeIssuers } from './denied-tokens.ts'
import type { Denylist } from './denylist.ts'
import { type DpopProofOptions, type DpopProofs, dpopProofs } from './dpop-proof.ts'
import { invalidOption } from './invalid-option.ts'
import type { IssuerOptions } from './issuer.ts'
import { checkBinding } from './key-binding.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'
import { type AccessPolicy, checkPolicy, enforce } from './policy.ts'
import { exposedFields } from './preflight.ts'
import { type Validated, validator } from './validator.ts'
import type { ValidatorOptions } from './validator-options.ts'

/** Options of {@link createGuard}. Everything is checked at construction. Milliseconds. */
export interface GuardOptions extends ValidatorOptions {
  /** Whose tokens are accepted: an issuer identifier, its description, or several. */
  readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[]
  /** The identifier of this API, or several. A token's `aud` has to contain one of them; there is no "any". */
  readonly audience: string | readonly string[]
  /** Tokens, sign-ins, people and clients to refuse, although their tokens are still valid. Default none. */
  readonly denylist?: Denylist
  /** Accepts tokens that are bound to a key, with their proof (RFC 9449). Default: they are refused. */
  readonly dpop?: DpopProofOptions
  /** The `realm` of challenges. Default: the first audience. */
  readonly realm?: string
  /** Whether the caller gets the reasons `expired`, `not_yet_valid`, `revoked` and `session_ended`. Default true. */
  readonly tellReason?: boolean
  /** Is called with every decision. An error that it throws is ignored. */
  readonly onDecision?: (decision: Decision) => void
  /** Returns what a decision says about its request, for example a keyed hash of the client's address. Default nothing. */
  readonly describe?: (request: GuardedRequest) => string | undefined
  /** Key of the hashes in decisions, at least 32 bytes. With the same key in all processes the hashes can be compared. Default: random. */
  readonly auditKey?: Bytes
}

/** Checks requests: it returns the token's claims, or throws. */
export interface Guard {
  /**
   * Returns the claims of the request's access token if the request may pass.
   * @param policy what the route requires; use one object for each route, because it is validated only once
   * @throws AccessTokenError for every request that may not pass. Its `status` and `headers` are the whole answer. If anything fails
   *   inside, the request does not pass.
   */
  (request: GuardedRequest, policy?: AccessPolicy): Promise<AccessTokenClaims>
  /** Headers for answers to requests that passed. With nonces, they have the next nonce. */
  answerHeaders(): Promise<Readonly<Record<string, string>>>
}

/** What is known about a request so far. */
interface Seen {
  scheme?: 'Bearer' | 'DPoP'
  claims?: AccessTokenClaims
  degraded?: Decision['degraded']
}

const NAMES: OptionNames<GuardOptions> = {
  issuer: true,
  audience: true,
  denylist: true,
  dpop: true,
  realm: true,
  tellReason: true,
  onDecision: true,
  describe: true,
  auditKey: true,
  requiredClaims: true,
  leeway: true,
  cacheLimit: true,
  cacheMaxAge: true,
  signatures: true,
  keys: true,
  fetch: true,
  now: true,
}
const NO_POLICY: AccessPolicy = {}

/**
 * Creates the guard of an API. A request passes if its access token is well formed, signed by the right issuer, for this API, valid now,
 * not denied, bound to the key that sent it, and allowed to do what the route does (RFC 6750, 8725, 9068, 9449, 9470). Every other request
 * is refused with a reason. Keys are fetched at the first request.
 * @throws TokenManagerError `ERR_INVALID_OPTION` naming the option
 */
export function createGuard(options: GuardOptions): Guard {
  checkOptionNames(options, NAMES)
  const { denylist, tellReason = true, onDecision, now = Date.now, leeway = 60_000 } = options
  const audiences = typeof options.audience === 'string' ? [options.audience] : [...(options.audience ?? [])]
  const realm = options.realm ?? audiences[0] ?? ''
  if (!/^[ !#-[\]-~]*$/.test(realm)) throw invalidOption('realm has to be printable ASCII without " and \\')

  const tokens = validator(options, audiences)
  if (denylist) describeIssuers(denylist, tokens.issuers)
  const proofs: DpopProofs | undefined = options.dpop && dpopProofs(options.dpop, now, options.signatures)
  const tell = decisionTeller(options, now)
  const challenge = {
    realm,
    reasons: tellReason,
    dpopAlgorithms: proofs?.algorithms,
    dpopRequired: proofs?.required ?? false,
  }

  const guard = async (request: GuardedRequest, policy: AccessPolicy = NO_POLICY) => {
    const began = onDecision ? performance.now() : 0
    const seen: Seen = {}
    try {
      const claims = await judge(request, policy, seen)
      if (onDecision) await tell({ request, policy, seen, began })
      return claims
    } catch (cause) {
      const refusal = cause instanceof Refusal ? cause : failure(cause)
      const error = await answer(refusal, seen)
      if (onDecision) await tell({ request, policy, seen, began, error })
      throw error
    }
  }
  return Object.assign(guard, { answerHeaders })

  async function judge(request: GuardedRequest, policy: AccessPolicy, seen: Seen): Promise<AccessTokenClaims> {
    const rules = checkPolicy(policy)
    const brought = credentials(request)
    if (!brought) throw new Refusal('no_credentials')
    seen.scheme = brought.scheme

    const validated = await tokens.validate(brought.token)
    const { claims } = validated
    seen.claims = claims
    checkTimes(claims, leeway, now())

    // Most requests have no proof and ask nobody. They do not wait for these steps, not even for one turn.
    const proving = checkBinding(request, brought, validated, proofs)
    const proof = proving && (await proving)
    const asking = checkDenied(validated, brought.token, seen)
    if (asking !== undefined) await asking
    const used = proof && (await proofs?.use(proof))
    if (used === 'unknown') seen.degraded = 'replay_store_unavailable'
    enforce(rules, validated, leeway, now())
    return claims
  }

  /** Checks the denials. If the server has to be asked too, it returns a promise that rejects when the server refuses the token. */
  function checkDenied(validated: Validated, token: string, seen: Seen): Promise<unknown> | undefined {
    if (denylist) checkDenials(denylist, validated, now() + leeway)
    const { introspection, introspectsJwts } = validated.issuer
    const stale = denylist?.stale
    const asksWhenStale = stale === 'introspect' && introspection !== undefined
    if (stale === 'allow') seen.degraded = 'denylist_stale'
    else if (stale !== undefined && !asksWhenStale) throw new Refusal('denylist_stale')

    const asksAlways = introspectsJwts && validated.isJwt
    return asksWhenStale || asksAlways ? introspection?.ask(token) : undefined
  }

  async function answer({ reason, answer: details }: Refusal, { scheme }: Seen): Promise<AccessTokenError> {
    const { detail, params } = details
    const wwwAuthenticate = challengeHeader(challenge, reason, scheme, params)
    if (wwwAuthenticate === undefined)
      return new AccessTokenError(reason, { headers: { 'retry-after': retryAfterField(details) }, detail })

    const nonce = await proofs?.nonces?.current().catch(() => undefined)
    const headers: Record<string, string> = nonce === undefined ? {} : { 'dpop-nonce': nonce }
    return new AccessTokenError(reason, { wwwAuthenticate, headers, detail })
  }

  async function answerHeaders(): Promise<Readonly<Record<string, string>>> {
    if (!proofs?.nonces) return {}
    return {
      'dpop-nonce': await proofs.nonces.current(),
      'cache-control': 'no-store',
      ...exposedFields,
    }
  }
}
