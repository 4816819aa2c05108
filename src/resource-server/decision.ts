import { base64url } from 'jose'
import type { AccessTokenClaims } from './access-token-claims.ts'
import type { AccessTokenError, AccessTokenErrorReason } from './access-token-error.ts'
import type { Bytes } from './builtin.ts'
import type { GuardedRequest } from './credentials.ts'
import { invalidOption } from './invalid-option.ts'
import { keyedHash } from './keyed-hash.ts'
import type { AccessPolicy } from './policy.ts'

/** One decision of a guard, for logs, metrics and alarms. It holds nothing that could be used as a token. */
export interface Decision {
  /** Epoch milliseconds. */
  readonly at: number
  /** Whether the request went on. */
  readonly allowed: boolean
  /** Why not. */
  readonly reason?: AccessTokenErrorReason | undefined
  /** The status of the refusal. */
  readonly status?: number | undefined
  /** What failed inside, for the people who run the API. */
  readonly detail?: string | undefined
  /** What the API lets pass although it could not check it, as it was configured to. */
  readonly degraded?: 'denylist_stale' | 'replay_store_unavailable' | undefined
  /** The verified token's issuer. */
  readonly issuer?: string | undefined
  /** The verified token's client. */
  readonly clientId?: string | undefined
  /** A keyed hash of the verified token's `iss` and `sub`: tells people apart without naming them. */
  readonly subjectHash?: string | undefined
  /** A keyed hash of the verified token's `iss` and `jti`. */
  readonly tokenHash?: string | undefined
  /** The policy's `route`. */
  readonly route?: string | undefined
  /** What `describe` said about the request: an address hash, for example. */
  readonly request?: string | undefined
  /** How long the decision took, ms. */
  readonly duration: number
}

/** What is told of a request. */
interface Told {
  readonly request: GuardedRequest
  readonly policy: AccessPolicy
  readonly seen: { readonly claims?: AccessTokenClaims; readonly degraded?: Decision['degraded'] }
  /** When it came, by `performance.now()`. */
  readonly began: number
  /** Absent: it passed. */
  readonly error?: AccessTokenError
}

/** Who is told, and how. */
interface TellingOptions {
  readonly onDecision?: (decision: Decision) => void
  readonly describe?: (request: GuardedRequest) => string | undefined
  readonly auditKey?: Bytes
}

/** Bytes that a key has to have at least. */
const SHORTEST_KEY = 32
/** Characters of a hash that are shown: enough to tell apart, too few to be a token. */
const SHOWN = 16

/** Whom and what a decision is about. */
type IdentityHashes = Pick<Decision, 'subjectHash' | 'tokenHash'>

/** Keyed hashes for {@link Decision}: without the key nobody can try names on them. */
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
 * Tells of decisions. What goes wrong with that goes no further.
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
      // Whoever listens has no say in what passes.
    }
  }
}
