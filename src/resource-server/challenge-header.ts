import { type AccessTokenErrorReason, answerOf } from './access-token-error.ts'

/** The parts of a challenge that are the same for every error. */
export interface ChallengeOptions {
  readonly realm: string
  /** The algorithms for proofs. `undefined` if the API takes no proofs. */
  readonly dpopAlgorithms: readonly string[] | undefined
  /** Whether every token needs a proof. */
  readonly dpopRequired: boolean
  /** Whether the client gets the reasons that it can do something about. */
  readonly reasons: boolean
}

/**
 * The reasons that a client can do something about. They occur only after the signature was found right, so nobody learns anything about a
 * forged token.
 */
const TOLD: readonly AccessTokenErrorReason[] = ['expired', 'not_yet_valid', 'revoked', 'session_ended']

/** The descriptions of the errors. They say no more than that the token is refused (RFC 6750 §3). */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  invalid_request: 'The request brought no single, readable access token',
  invalid_token: 'The access token is refused',
  insufficient_scope: 'The access token does not allow this',
  insufficient_user_authentication: 'A stronger or fresher sign-in is needed',
  invalid_dpop_proof: 'The DPoP proof is refused',
  use_dpop_nonce: 'The DPoP proof needs a nonce',
}

/**
 * The value of `WWW-Authenticate` for a refusal (RFC 6750 §3, RFC 9449 §7.1). It has one challenge for each scheme that the API takes. Only the
 * challenge of the scheme that was used has the error. `undefined` if the status is 503.
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
