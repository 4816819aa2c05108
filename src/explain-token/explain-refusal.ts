import { withoutControls } from '../errors.ts'
import { parseChallenges } from '../protocol/challenge.ts'
import type { ExplainedResponse, TokenExplanation } from './token-explanation.ts'

type Finding = Omit<TokenExplanation, 'kind'>

/** Explains an API's answer. */
export function explainRefusal({ status, headers }: ExplainedResponse): TokenExplanation {
  const challenges = parseChallenges(fieldOf(headers)).filter(({ scheme }) => /^(bearer|dpop)$/.test(scheme))
  const { params = {} } = challenges.find((one) => one.params.error) ?? challenges[0] ?? {}
  const { error, reason, scope } = params as Readonly<Record<string, string | undefined>>
  const told = error === 'invalid_token' ? ownOf(reasons, reason) : undefined
  const finding = told ?? ownOf(errors, error) ?? findingOfStatus(status, challenges.length > 0)

  return finding
    ? { kind: 'refusal', ...finding, ...(scope && { scope: withoutControls(scope) }) }
    : {
        kind: 'response',
        problem: 'none',
        action: 'none',
        text: `The API answered ${status} and says nothing about a token.`,
      }
}

/** The field `WWW-Authenticate`. The input is checked, because it may not be a response at all. */
function fieldOf(headers: Partial<ExplainedResponse['headers']> | undefined): string | null {
  const field: unknown = typeof headers?.get === 'function' ? headers.get('www-authenticate') : null
  return typeof field === 'string' ? field : null
}

const reasons: Readonly<Record<string, Finding>> = {
  expired: { problem: 'expired', action: 'refresh', text: 'The access token has expired: refresh it.' },
  not_yet_valid: {
    problem: 'not_yet_valid',
    action: 'wait',
    text: 'The access token does not count yet: wait a moment. The clocks of issuer and API differ.',
  },
  revoked: {
    problem: 'revoked',
    action: 'refresh',
    text: 'The access token was revoked: refresh it; if that fails, sign in again.',
  },
  session_ended: {
    problem: 'session_ended',
    action: 'refresh',
    text: 'The session of the access token was ended: refresh it; if that fails, sign in again.',
  },
}

const errors: Readonly<Record<string, Finding>> = {
  invalid_token: {
    problem: 'token_refused',
    action: 'refresh',
    text: 'The API refuses the access token: refresh it; if that is refused as well, check audience and issuer.',
  },
  invalid_request: {
    problem: 'request_malformed',
    action: 'fix_request',
    text: 'The API could not read the credentials: send one Authorization field with one token.',
  },
  insufficient_scope: {
    problem: 'scope_missing',
    action: 'ask_for_scope',
    text: 'The access token does not allow this: sign in again and ask for the scope.',
  },
  insufficient_user_authentication: {
    problem: 'step_up_required',
    action: 'step_up',
    text: 'The API wants a stronger or fresher sign-in (RFC 9470).',
  },
  invalid_dpop_proof: {
    problem: 'proof_refused',
    action: 'send_proof',
    text: 'The DPoP proof is refused: each request needs a new one, made with the key of the token.',
  },
  use_dpop_nonce: {
    problem: 'nonce_required',
    action: 'retry_with_nonce',
    text: 'The DPoP proof needs the nonce of the DPoP-Nonce field.',
  },
}

function ownOf(table: Readonly<Record<string, Finding>>, name = ''): Finding | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** The finding for a status, if the API says nothing else that is known. */
function findingOfStatus(status: number, isChallenged: boolean): Finding | undefined {
  if (status === 401)
    return isChallenged
      ? { problem: 'token_missing', action: 'send_token', text: 'The request brought no access token.' }
      : { problem: 'token_refused', action: 'refresh', text: 'The API answered 401 and does not say why.' }
  if (status === 503)
    return {
      problem: 'server_unavailable',
      action: 'try_later',
      text: 'The API cannot judge tokens at the moment: the token may be fine.',
    }
  return undefined
}
