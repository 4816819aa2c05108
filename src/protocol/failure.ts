import {
  TokenManagerError,
  type TokenManagerErrorCode,
  type TokenManagerErrorDetails,
  type TokenManagerErrorReason,
} from '../errors.ts'
import type { Clock } from '../ports.ts'
import { textOf } from './json-members.ts'
import type { ParameterList } from './parameters.ts'
import { retryAfter } from './retry-after.ts'

/** The server could not be reached, or its answer was neither yes nor no. This ends no session. */
export interface TransientFailure {
  readonly kind: 'transient'
  readonly error: TokenManagerError
  /** Whether the server may have processed the request although its answer is missing. */
  readonly lost: boolean
  /** How long the server asked to wait, in milliseconds, at most an hour. */
  readonly retryAfter?: number | undefined
}

/** Makes a {@link TransientFailure}. `wait`: how long the server asked to wait, in milliseconds. */
export function transient(
  reason: TokenManagerErrorReason,
  lost: boolean,
  details: TokenManagerErrorDetails,
  sentence?: string,
  wait?: number,
): TransientFailure {
  const error = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', reason, sentence, details)
  return { kind: 'transient', error, lost, retryAfter: wait }
}

/** The error for an answer that breaks the specification. */
export function invalid(
  reason: TokenManagerErrorReason,
  sentence?: string,
  details?: TokenManagerErrorDetails,
): TokenManagerError {
  return new TokenManagerError('ERR_RESPONSE_INVALID', reason, sentence, details)
}

/** The error for a sign-in that came to nothing. The person has to begin a new one. */
export function rejected(
  reason: TokenManagerErrorReason,
  sentence?: string,
  details?: TokenManagerErrorDetails,
): TokenManagerError {
  return new TokenManagerError('ERR_AUTHORIZATION_REJECTED', reason, sentence, details)
}

/** The sentence that says that a member is missing or cannot be used. It does not contain the member's value. */
export function wrongMember(holder: string, name: string, value: unknown): string {
  return value == null ? `${holder} has no ${name}` : `${holder} has an unusable ${name}`
}

/**
 * The failure that the status of an answer means, or `undefined` if it means none. Redirects, 408, 429, 5xx and any status that HTTP does not
 * define are transient failures. 2xx and other 4xx are answers.
 */
export function unavailable(response: Response, url: string, clock: Clock): TransientFailure | undefined {
  const { status, headers, redirected } = response
  const what = `${withoutQuery(url)} answered ${status}`
  const isSuccess = status > 199 && status < 300
  const isElsewhere = status < 400 && !isSuccess
  if (isElsewhere || redirected)
    return transient(
      'unexpected_redirect',
      false,
      { status },
      `${what}, a redirect; it is not followed: name the right URL with metadataFrom()`,
    )

  const isPassing = status === 408 || status === 429
  if (status < 500 && !isPassing) return

  const wait = retryAfter(headers, clock.now())
  return transient(
    status === 429 ? 'throttled' : 'server_unavailable',
    status >= 500 && status !== 503,
    { status, retryAt: wait === undefined ? wait : clock.now() + wait },
    what,
    wait,
  )
}

/** `url` without query and fragment: a message may contain that much of it. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*/s, '')
}

/** A word that is long enough to be a token or a code. */
const LONG_WORD = /[\w.~+/=-]{16,}/g

/**
 * What a server says about an error: its code, and at most 200 characters of the first line of its description. Words that could be a secret
 * are replaced by `…`.
 * @param params the parameters of the request. A server may quote them, and secrets are among them
 */
export function wordsOf(error: unknown, description: unknown, params: ParameterList): string {
  let [text = ''] = wordOf(description).split(/[\r\n<>]/, 1)
  for (const [name, value] of params)
    if (value.length > 5 && !name.startsWith('error')) text = text.split(value).join('…')

  // A long word with digits or capitals could be a secret.
  text = text.replace(LONG_WORD, (word) => (/[\dA-Z]/.test(word) ? '…' : word))

  const code = /^[!-~]{1,64}$/.exec(textOf(error))?.[0]
  return [code, text.slice(0, 200)].filter(Boolean).join(': ')
}

/** The sentence about an answer: where it came from, its status, and what the server says about the error. */
export function answerText({ url = '', sent = [], status, body }: Refused): string {
  const words = body ? wordsOf(body.error, body.error_description, sent) : 'without JSON'
  return `${withoutQuery(url)} answered ${status} ${words}`
}

/** The JSON object in `text`, which may begin with a byte order mark (RFC 8259 §8.1). `undefined` if there is none. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    const isObject = typeof value === 'object' && !Array.isArray(value)
    if (isObject && value !== null) return value as Record<string, unknown>
  } catch {}
  return
}

/**
 * What a refusal means for the grant.
 *
 * | | |
 * | --- | --- |
 * | `ended` | the refresh token is no longer valid (RFC 6749 §5.2). No other refusal ends a session |
 * | `person_needed` | the person has to do something, or the server refuses the refresh token with an error that is not in the standard |
 * | `request_wrong` | the server does not give this scope or resource, but may give others |
 * | `client_wrong` | the server does not accept the client, whatever the grant |
 * | `transient` | the server itself says that the failure will pass |
 * | `page` | the body is neither JSON nor empty. Probably it does not come from the server but from a proxy before it |
 * | `unclear` | anything else |
 */
export type RefusalMeaning =
  | 'ended'
  | 'person_needed'
  | 'request_wrong'
  | 'client_wrong'
  | 'transient'
  | 'page'
  | 'unclear'

/** An answer of the authorization server that is no success. */
export interface Refused {
  /** Where it came from. */
  readonly url?: string
  /** The form in the request. */
  readonly sent?: ParameterList | undefined
  readonly status: number
  /** The JSON object in the body. `undefined` if the body is no JSON object. */
  readonly body: Record<string, unknown> | undefined
  /** Whether the body is empty. */
  readonly isEmpty?: boolean | undefined
}

/**
 * The values of `error` whose meaning is known: those of RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §5 and OpenID Connect Core §3.1.2.6, and others
 * that servers send.
 */
const KNOWN: readonly (readonly [RefusalMeaning, RegExp])[] = [
  ['ended', /^invalid_grant$/],
  ['request_wrong', /^invalid_(scope|target)$/],
  ['client_wrong', /^(invalid_client|unauthorized_client|unsupported_grant_type|\w+_dpop_\w+)$/],
  ['transient', /^(temporarily_unavailable|server_error|internal_(server_)?error|too_many_requests|rate_limit\w*)$/],
  [
    'person_needed',
    /^((interaction|login|consent|mfa|account_selection|registration)_required|unmet_authentication_requirements|access_denied|invalid_token|token_(expired|revoked|inactive))$/,
  ],
]

/** A text that says that the refresh token, or the session behind it, is not valid any more. */
const TOKEN_REFUSED =
  /(bad|invalid|expired|revoked|unknown|inactive)[ _-]?(refresh[ _-]?token|session)|(refresh[ _-]?token|session)[ _-]?(.{0,20}[ _-])?(invalid|expired|revoked|inactive|unknown|not[ _-]?(found|valid|active)|already[ _-]?used)/i

/** What a refusal means: the answer to a token request, or to an authorization request. */
export function meaningOf({ body, isEmpty }: Pick<Refused, 'body' | 'isEmpty'>): RefusalMeaning {
  if (!body) return isEmpty ? 'unclear' : 'page'
  if (lacksConsent(body)) return 'request_wrong'

  // Entra's words for what the person can do something about, such as a second factor for one API. The refresh token stays valid.
  if (/^((basic|additional)_action|message_only|user_password_expired)$/.test(wordOf(body.suberror)))
    return 'person_needed'

  const error = wordOf(body.error)
  const known = KNOWN.find(([, words]) => words.test(error))
  if (known) return known[0]

  // Servers put the code of an error, or a text about it, into members with different names.
  const said = [error, body.error_code, body.code, body.error_description, body.message, body.msg].map(wordOf)
  return said.some((text) => TOKEN_REFUSED.test(text)) ? 'person_needed' : 'unclear'
}

/** Whether Entra says that nobody has consented to a scope. The refresh token stays valid. */
function lacksConsent(body: Record<string, unknown> | undefined): boolean {
  return body?.error === 'invalid_grant' && body.suberror === 'consent_required'
}

/** Whether the body of an answer is an error. It is asked for each status, because some servers send errors with 200. */
export function saysError(body: Record<string, unknown> | undefined): boolean {
  return Boolean(body?.error)
}

/** `value` if it is a text, or its `message` if it is an object, as in `{"error":{"message":"…"}}`. Empty for anything else. */
function wordOf(value: unknown): string {
  if (typeof value === 'string') return value

  const isNamed = typeof value === 'object' && value !== null && 'message' in value
  return isNamed && typeof value.message === 'string' ? value.message : ''
}

/**
 * The error for an answer that is no success (RFC 6749 §5.2). It is made from the body, whatever its content type. Only `reason:
 * 'invalid_grant'` means that the grant has ended.
 */
export function refusal(refused: Refused): TokenManagerError {
  const { status, body } = refused
  const error = typeof body?.error === 'string' ? body.error : ''

  let code: TokenManagerErrorCode = error ? 'ERR_CLIENT_REJECTED' : 'ERR_TEMPORARILY_UNAVAILABLE'
  let reason = 'server_refused'
  if (error === 'unauthorized_client') reason = 'invalid_client'
  if (/^invalid_(grant|client|scope|target)$/.test(error)) reason = error
  if (error === 'invalid_grant') code = 'ERR_GRANT_REJECTED'

  let hint = ''
  if (reason === 'invalid_client') hint = '; see how the client is registered'
  if (reason === 'invalid_scope') hint = '; see option scope'
  if (reason === 'invalid_target') hint = '; see option resources'

  if (lacksConsent(body)) [code, reason] = ['ERR_CLIENT_REJECTED', 'invalid_scope']

  return new TokenManagerError(code, reason as TokenManagerErrorReason, answerText(refused) + hint, { status, error })
}
