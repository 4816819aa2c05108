import { type AccessTokenErrorReason, answerOf } from './access-token-error.ts'

/** What a challenge tells beside its error. */
export interface ChallengeOptions {
  readonly realm: string
  /** Algorithms for proofs; absent where the API takes none. */
  readonly dpopAlgorithms: readonly string[] | undefined
  /** No token goes without proof here. */
  readonly dpopRequired: boolean
  /** Whether the reasons a client can act on are told. */
  readonly reasons: boolean
}

/**
 * What a client can do something about. Told only once the signature is known to be right, so that nobody learns anything about a
 * token that is not theirs.
 */
const TOLD: readonly AccessTokenErrorReason[] = ['expired', 'not_yet_valid', 'revoked', 'session_ended']

/** What nobody learns more from than that the token is refused (RFC 6750 §3). */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  invalid_request: 'The request brought no single, readable access token',
  invalid_token: 'The access token is refused',
  insufficient_scope: 'The access token does not allow this',
  insufficient_user_authentication: 'A stronger or fresher sign-in is needed',
  invalid_dpop_proof: 'The DPoP proof is refused',
  use_dpop_nonce: 'The DPoP proof needs a nonce',
}

/**
 * `WWW-Authenticate` for a refusal (RFC 6750 §3, RFC 9449 §7.1): one challenge for each scheme the API takes, the error only in
 * that of the scheme that was used.
 */
export function challengeHeader(
  { realm, dpopAlgorithms, dpopRequired, reasons }: ChallengeOptions,
  reason: AccessTokenErrorReason,
  scheme: 'Bearer' | 'DPoP' | undefined,
  params: Readonly<Record<string, string>> = {},
): string | undefined {
  const { status, error } = answerOf(reason)
  if (status === 503) return undefined
  const used = scheme ?? (dpopRequired ? 'DPoP' : 'Bearer')
  const told = {
    ...(error !== undefined && { error, error_description: DESCRIPTIONS[error] }),
    ...params,
    ...(reasons && TOLD.includes(reason) && { reason }),
  }
  const schemes = [...(dpopRequired ? [] : ['Bearer']), ...(dpopAlgorithms ? ['DPoP'] : [])]
  return schemes
    .map((name) => {
      const all = {
        realm,
        ...(name === used && told),
        ...(name === 'DPoP' && { algs: dpopAlgorithms?.join(' ') }),
      }
      return `${name} ${Object.entries(all)
        .map(([key, value]) => `${key}="${value}"`)
        .join(', ')}`
    })
    .join(', ')
}
