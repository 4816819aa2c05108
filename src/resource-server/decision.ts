import { base64url } from 'jose'
import type { AccessTokenClaims } from './access-token-claims.ts'
import type { AccessTokenError, AccessTokenErrorReason } from './access-token-error.ts'
import type { Bytes } from './builtin.ts'
import type { GuardedRequest } from './credentials.ts'
import { invalidOption } from './invalid-option.ts'
import { keyedHash } from './keyed-hash.ts'
import type { AccessPolicy } from './policy.ts'

/** One decision of a guard, for logs, metrics and alarms. Nothing in it can be used as a token. */
export interface Decision {
  /** When the decision was made, in epoch milliseconds. */
  readonly at: number
  /** Whether the request may pass. */
  readonly allowed: boolean
  /** Why the request is refused. Absent if it may pass. */
  readonly reason?: AccessTokenErrorReason | undefined
  /** The HTTP status of the refusal. Absent if the request may pass. */
  readonly status?: number | undefined
  /** What was found and what was wanted, for the people who run the API. */
  readonly detail?: string | undefined
  /** What could not be checked, although the request may pass: the options `whenStale` or `whenReplayStoreFails` allow it. */
  readonly degraded?: 'denylist_stale' | 'replay_store_unavailable' | undefined
  /** The issuer of the verified token. */
  readonly issuer?: string | undefined
  /** The client of the verified token. */
  readonly clientId?: string | undefined
  /** A keyed hash of the verified token's `iss` and `sub`. It shows whether two requests are of the same person, and not who that is. */
  readonly subjectHash?: string | undefined
  /** A keyed hash of the verified token's `iss` and `jti`. */
  readonly tokenHash?: string | undefined
  /** The `route` of the policy. */
  readonly route?: string | undefined
  /** What the option `describe` returned for the request, such as a hash of the client's address. */
  readonly request?: string | undefined
  /** How long the decision took, in milliseconds. */
  readonly duration: number
}

/** What a decision is made of. */
interface Told {
  readonly request: GuardedRequest
  readonly policy: AccessPolicy
  readonly seen: { readonly claims?: AccessTokenClaims; readonly degraded?: Decision['degraded'] }
  /** When the request came in, by `performance.now()`. */
  readonly began: number
  /** Absent if the request may pass. */
  readonly error?: AccessTokenError
}

/** The options of the guard that concern decisions. */
interface TellingOptions {
  readonly onDecision?: (decision: Decision) => void
  readonly describe?: (request: GuardedRequest) => string | undefined
  readonly auditKey?: Bytes
}

/** The shortest key, in bytes. */
const SHORTEST_KEY = 32
/** How many characters of a hash are shown. With so many, two hashes are practically never equal by chance. */
const SHOWN = 16

/** The hashes of the person and of the token that a decision is about. */
type IdentityHashes = Pick<Decision, 'subjectHash' | 'tokenHash'>

/** Makes keyed hashes for {@link Decision}. Without the key, nobody can find out a person by hashing names. */
function identityHashes(secret: Bytes | undefined): (claims: AccessTokenClaims) => Promise<IdentityHashes> {
  const hash = keyedHash(secret)
  const known = new WeakMap<AccessTokenClaims, IdentityHashes>()

  return async (claims) => {
    const before = known.get(claims)
    if (before !== undefined) return before

    const made = await hashesOf(claims)
    known.set(claims, made)
    return made
  }

  async function hashesOf({ iss, sub, jti }: AccessTokenClaims): Promise<IdentityHashes> {
    const [subjectHash, tokenHash] = await Promise.all([shownHash(iss, sub), shownHash(iss, jti)])
    return { subjectHash, tokenHash }
  }

  async function shownHash(iss: string, value: string | undefined): Promise<string | undefined> {
    if (value === undefined) return undefined

    const code = await hash(JSON.stringify([iss, value]))
    return base64url.encode(new Uint8Array(code)).slice(0, SHOWN)
  }
}

/**
 * Makes the function that calls `onDecision`. Errors in `onDecision` and `describe` are ignored.
 * @param now epoch milliseconds
 * @throws TokenManagerError `ERR_INVALID_OPTION` for an `auditKey` that is too short
 */
export function decisionTeller(
  { onDecision, describe, auditKey }: TellingOptions,
  now: () => number,
): (told: Told) => Promise<void> {
  if (auditKey && auditKey.length < SHORTEST_KEY) throw invalidOption('auditKey has to be at least 32 bytes')
  const hashes = identityHashes(auditKey)

  return async ({ request, policy, seen: { claims, degraded }, began, error }) => {
    try {
      const hashed = claims && (await hashes(claims))
      onDecision?.({
        at: now(),
        allowed: !error,
        reason: error?.reason,
        status: error?.status,
        detail: error?.detail,
        degraded,
        issuer: claims?.iss,
        clientId: claims?.client_id,
        subjectHash: hashed?.subjectHash,
        tokenHash: hashed?.tokenHash,
        route: policy.route,
        request: describe?.(request),
        duration: performance.now() - began,
      })
    } catch {
      // An error in the listener must not decide whether a request may pass.
    }
  }
}
