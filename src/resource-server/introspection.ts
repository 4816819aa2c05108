import { Refusal } from './access-token-error.ts'
import { boundedCache } from './bounded-cache.ts'
import { documentFailure } from './document-failure.ts'
import { concernsToken, introspectionFailure } from './introspection-failure.ts'
import { invalidOption } from './invalid-option.ts'
import { type JsonSourceOptions, jsonObject } from './json-source.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'
import { createOutage } from './outage.ts'
import { sentAgainWhenCut } from './sent-again.ts'
import { sha256 } from './sha256.ts'
import { type SharedWork, sharedWork } from './shared-work.ts'

/** How the guard asks the server about tokens (RFC 7662). Milliseconds. */
export interface IntrospectionOptions {
  /** The URL of the endpoint. Default: the one in the issuer's metadata. */
  readonly endpoint?: string
  /** The client id of this API at the authorization server. Do not use that of an application. */
  readonly clientId: string
  /** The secret, sent as `client_secret_basic` (RFC 6749 §2.3.1), or a function that returns it. */
  readonly clientSecret: string | (() => string | Promise<string>)
  /**
   * Whether `clientId` and `clientSecret` are form-encoded in the header (RFC 6749 §2.3.1). Default true. Set it to false for servers that do not
   * decode them (Doorkeeper, Glewlwyd), if one of them has other characters than letters, digits, `-`, `.`, `_` and `*`. `clientId` must then
   * have no colon.
   */
  readonly formEncoded?: boolean
  /**
   * Also asks about JWTs, after they were verified here. A revoked JWT is then refused without a denylist. It costs one request for each token in
   * each `maxAge`. Default false: only for tokens that are not JWTs.
   */
  readonly jwts?: boolean
  /** How long an active answer is kept, never beyond the token's expiry. So late a revocation can be noticed. Default 30 000; 0: ask every time. */
  readonly maxAge?: number
  /** How long a refusal is kept: the token is inactive, or the server does not accept it (4xx). Default 5 000. */
  readonly negativeMaxAge?: number
  /** How long to wait for an answer. Default 2 000. */
  readonly timeout?: number
  /** How many answers of each kind are kept. Default 10 000. */
  readonly limit?: number
}

/** Asks the authorization server about tokens. */
export interface Introspection {
  /**
   * Gives what the authorization server says about `token`. Callers who ask about the same token at the same time share one request.
   * @param token a token that is not too long
   * @throws Refusal `inactive`, or `introspection_unavailable` if there is no usable answer
   */
  ask(token: string): Promise<Readonly<Record<string, unknown>>>
}

const NAMES: OptionNames<IntrospectionOptions> = {
  endpoint: true,
  clientId: true,
  clientSecret: true,
  formEncoded: true,
  jwts: true,
  maxAge: true,
  negativeMaxAge: true,
  timeout: true,
  limit: true,
}

/**
 * Introspection at one authorization server.
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function introspection(
  options: IntrospectionOptions,
  issuer: string,
  discover: () => Promise<string>,
  isSecure: (url: unknown) => boolean,
  { fetch, now }: Pick<JsonSourceOptions, 'fetch' | 'now'>,
): Introspection {
  checkOptionNames(options, NAMES, 'introspection.')
  const { endpoint, clientId, clientSecret, maxAge = 30_000, negativeMaxAge = 5_000, timeout = 2_000 } = options
  const { limit = 10_000, formEncoded = true } = options
  if (endpoint !== undefined && !isSecure(endpoint))
    throw invalidOption('introspection.endpoint has to be an https URL')
  if (!clientId || !clientSecret) throw invalidOption('introspection needs clientId and clientSecret')
  if (!formEncoded && clientId.includes(':'))
    throw invalidOption('introspection.clientId may have no colon where introspection.formEncoded is false')

  const written = formEncoded ? encoded : utf8
  const active = boundedCache<Readonly<Record<string, unknown>>>(limit, now)
  const refused = boundedCache<Refusal>(limit, now)
  const asking = new Map<string, SharedWork<Readonly<Record<string, unknown>>>>()
  const outage = createOutage(now)

  return {
    async ask(token) {
      const key = await sha256(token)
      const known = active.get(key)
      if (known !== undefined) return known

      const refusal = refused.get(key)
      if (refusal) throw refusal

      return questionOf(key).do(() => request(token, key).finally(() => asking.delete(key)))
    },
  }

  /** The request about one token, which all callers share who ask at the same time. */
  function questionOf(key: string) {
    // Removes requests that nobody waits for any more. The oldest come first.
    for (const [old, question] of asking) {
      if (!question.isLapsed) break
      if (old !== key) asking.delete(old)
    }

    const question = asking.get(key) ?? sharedWork()
    asking.set(key, question)
    return question
  }

  async function request(token: string, key: string): Promise<Readonly<Record<string, unknown>>> {
    if (!outage.admits()) throw unavailable('it failed several times and is left alone for a while')

    const began = now()
    const answer = await answerTo(token)
    if (answer instanceof Refusal) {
      refused.set(key, answer, began + negativeMaxAge)
      throw answer
    }

    // Many answers have no `iss`. Then the issuer is the one that was asked. An `iss` of another issuer is refused later.
    const found = Object.freeze({ ...said(answer), iss: answer.iss ?? issuer })
    const { exp } = found as { exp?: unknown }
    const expiresAt = typeof exp === 'number' ? exp * 1_000 : Number.POSITIVE_INFINITY
    active.set(key, found, Math.min(began + maxAge, expiresAt))
    return found
  }

  /**
   * Gives the claims, or the refusal of this token.
   * @throws Refusal if the server has a problem
   */
  async function answerTo(token: string): Promise<Record<string, unknown> | Refusal> {
    try {
      const claims = await post(token)
      outage.answered()
      return claims.active === true
        ? claims
        : new Refusal('inactive', 'the introspection endpoint says that it is not active')
    } catch (cause) {
      const refusal = introspectionFailure(cause, timeout)
      if (!concernsToken(cause)) {
        outage.failed()
        throw refusal
      }
      // The server works. Otherwise an attacker could stop all introspection by sending tokens that the server does not accept.
      outage.answered()
      return refusal
    }
  }

  async function post(token: string): Promise<Record<string, unknown>> {
    const secret = await secretNow()
    const url = endpoint ?? (await discovered())
    const init: RequestInit = {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${btoa(`${written(clientId)}:${written(secret)}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    }
    return jsonObject(await sentAgainWhenCut(() => fetch(url, init)))
  }

  async function secretNow(): Promise<string> {
    try {
      return typeof clientSecret === 'string' ? clientSecret : await clientSecret()
    } catch {
      throw unavailable('introspection.clientSecret threw')
    }
  }

  async function discovered(): Promise<string> {
    try {
      return await discover()
    } catch (cause) {
      const detail = documentFailure('the metadata', cause, timeout)
      throw unavailable(`${detail}; issuer.issuer, introspection.endpoint`)
    }
  }
}

/** The answer without members that are `null`: some servers write `null` instead of leaving a member out. */
function said(answer: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== null))
}

/** `text` in form encoding, as RFC 6749 §2.3.1 and its appendix B say. */
function encoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

/** The UTF-8 bytes of `text`, each as one character, as `btoa` takes them. */
function utf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text))
}

function unavailable(detail: string): Refusal {
  return new Refusal('introspection_unavailable', detail)
}
