import { TokenManagerError, type TokenManagerErrorReason } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { invalid, jsonObject, rejected, wrongMember } from './failure.ts'
import { numberOf, textOf } from './json-members.ts'
import { sha256 } from './sha256.ts'

declare global {
  /**
   * Claims that only your server has. Declare them, and `session.claims` has their types: write
   * `declare global { interface TokenwardClaims { readonly tenant?: string } }` in one of your modules. The interface is global because all
   * entries of this package share it. Default: no members.
   */
  interface TokenwardClaims {}
}

/**
 * What an ID token says about the person (OpenID Connect Core §5.1), and the members of `TokenwardClaims`. The scopes `profile`, `email`,
 * `phone` and `address` ask for them. The types are those of the standard; nobody checks whether a server keeps to them, and some send
 * `email_verified` as a text. Use these claims only to show them: what identifies the account is `iss` together with `sub`.
 */
export interface StandardClaims extends TokenwardClaims {
  /** The full name, as it should be shown. */
  readonly name?: string
  /** The first names, with spaces between them. */
  readonly given_name?: string
  /** The surnames, with spaces between them. */
  readonly family_name?: string
  /** The middle names, with spaces between them. */
  readonly middle_name?: string
  /** The name that friends use. */
  readonly nickname?: string
  /** The user name that the person wants. It may change, and others may have the same. */
  readonly preferred_username?: string
  /** The URL of a page about the person. */
  readonly profile?: string
  /** The URL of a picture of the person. */
  readonly picture?: string
  /** The URL of the person's own site. */
  readonly website?: string
  /** The e-mail address. It may change, and may belong to another person later. */
  readonly email?: string
  /** Whether the server has checked that the e-mail address is the person's. */
  readonly email_verified?: boolean
  /** `female`, `male`, or any other text. */
  readonly gender?: string
  /** The date of birth: `YYYY-MM-DD`, or only `YYYY`. With the year `0000`, the year is not told. */
  readonly birthdate?: string
  /** The time zone, such as `Europe/Zurich`. */
  readonly zoneinfo?: string
  /** The language (BCP 47), such as `de-CH`. */
  readonly locale?: string
  /** The telephone number. The standard recommends E.164, such as `+41 44 668 18 00`. */
  readonly phone_number?: string
  /** Whether the server has checked that the telephone number is the person's. */
  readonly phone_number_verified?: boolean
  /** The postal address. */
  readonly address?: AddressClaim
  /** When the server last changed these claims, in epoch seconds. */
  readonly updated_at?: number
}

/** A postal address (OpenID Connect Core §5.1.1). */
export interface AddressClaim {
  /** The whole address, as on an envelope. It may have several lines. */
  readonly formatted?: string
  /** The street, the house number, and whatever else stands before the town. It may have several lines. */
  readonly street_address?: string
  /** The city or town. */
  readonly locality?: string
  /** The state, province or region. */
  readonly region?: string
  /** The postal code. */
  readonly postal_code?: string
  /** The name of the country. */
  readonly country?: string
}

/** The claims of an ID token that was checked (OpenID Connect Core §2). Times are in epoch **seconds**, as the server wrote them. */
export interface IdTokenClaims extends StandardClaims {
  /** The issuer. It is the configured one; if that has a place for a tenant, the person's tenant is filled in. */
  readonly iss: string
  /** The person's identifier, which never changes and is unique within `iss`. Identify accounts by (`iss`, `sub`), never by e-mail address. */
  readonly sub: string
  /** The clients that the token was issued to. */
  readonly aud: string | readonly string[]
  /** When the token expires, in epoch seconds. */
  readonly exp: number
  /** When the token was issued, in epoch seconds. */
  readonly iat: number
  /** When the person authenticated, in epoch seconds. */
  readonly auth_time?: number
  /** A random text that ties the token to one sign-in. */
  readonly nonce?: string
  /** How strong the authentication was. The values are the server's own. */
  readonly acr?: string
  /** How the person authenticated (RFC 8176). */
  readonly amr?: readonly string[]
  /** The client that asked for the token. It matters if `aud` has several. */
  readonly azp?: string
  /** The identifier of the session at the authorization server. */
  readonly sid?: string
  /** Any other claim. */
  readonly [claim: string]: unknown
}

/** What an ID token is compared with. */
export interface ExpectedIdToken {
  /** The authorization request that brought it. Absent after a refresh. */
  readonly pending?: {
    readonly nonce?: string | undefined
    /** In milliseconds. */
    readonly maxAge?: number | undefined
    readonly acrValues?: readonly string[] | undefined
    /** When the request was made. */
    readonly createdAt?: EpochMs
  }
  /** After a refresh: the claims of the ID token before. Absent if there was none. */
  readonly previous?: IdTokenClaims | undefined
}

/** How much clocks may differ, in milliseconds. */
const LEEWAY = 60_000
/** How far `iat` may lie in the future, in milliseconds. It is generous, because the clocks of a device and of a server's hosts differ. */
const IAT_LEEWAY = 600_000

/**
 * Reads and checks an ID token (OpenID Connect Core §3.1.3.7, §3.1.3.8, §12.2). Its signature is not checked, because it came straight from
 * the token endpoint over TLS. After a refresh the device's clock is not used, because a wrong clock would then end the session; and an ID
 * token that cannot be decoded is ignored.
 * @returns the token and its claims, to be kept. Empty if there is no ID token and none is needed
 */
export async function checkIdToken(
  server: AuthorizationServer,
  idToken: unknown,
  accessToken: string,
  { pending, previous }: ExpectedIdToken,
): Promise<{ idToken?: string; claims?: IdTokenClaims } | TokenManagerError> {
  // Some servers send an empty text instead of leaving the ID token out.
  if (!idToken) return pending?.nonce === undefined ? {} : invalid('id_token_missing')

  const token = textOf(idToken)
  const parts = token.split('.')
  const header = decode(server, parts[0])
  const claims = parts.length === 3 ? (decode(server, parts[1]) as IdTokenClaims | undefined) : undefined
  if (!header || !claims) return pending ? invalid('id_token_invalid') : {}

  const { iss, sub, acr, at_hash } = claims
  // This check comes first: a token of another person has other wrong claims too, but the error should say that the person is another one.
  const isOfSameIssuer = previous !== undefined && iss === previous.iss
  if (isOfSameIssuer && sub !== previous.sub) return new TokenManagerError('ERR_SIGNED_OUT', 'user_changed')

  const alg = textOf(header.alg) || 'none'
  if (alg === 'none') return invalid('id_token_invalid')

  const wrong = wrongClaim(server, claims, pending, previous)
  if (wrong) {
    const what = wrongMember('The ID token', wrong, claims[wrong]) + hintAt(wrong, claims, server)
    return invalid(`id_token_${wrong}` as TokenManagerErrorReason, what)
  }

  if (pending?.acrValues?.length && !pending.acrValues.includes(acr as string))
    return rejected('insufficient_user_authentication')

  if (at_hash != null && alg.endsWith('256')) {
    const hash = await sha256(server, accessToken, 16)
    if (at_hash !== hash) return invalid('id_token_at_hash')
  }

  return { idToken: token, claims }
}

/** The end of the message about a wrong claim: what may help. */
function hintAt(name: string, { iat }: IdTokenClaims, { issuer, clock }: AuthorizationServer): string {
  if (name === 'iss') return `; option issuer is "${issuer}"`
  // The token was issued a moment ago, so the difference is that of the clocks.
  const ahead = Math.round(clock.now() / 1000 - numberOf(iat))
  const isOfTime = name === 'exp' || name === 'iat'
  if (isOfTime && !Number.isNaN(ahead))
    return `; the device's clock is ${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} the server's: correct it`

  return name === 'nonce' ? '; see allowMissingNonce' : ''
}

/** The name of the first claim that is missing or wrong. `undefined` if all are right. */
function wrongClaim(
  server: AuthorizationServer,
  claims: IdTokenClaims,
  pending: ExpectedIdToken['pending'],
  previous: IdTokenClaims | undefined,
): string | undefined {
  const { clientId, missingNonce } = server
  const { iss, aud, azp, sub, exp, nonce, auth_time } = claims
  const iat = numberOf(claims.iat)
  const isIatMissing = claims.iat == null
  const now = server.clock.now()
  const audience = list(aud)
  const expected = pending ?? previous
  const mayLackNonce = missingNonce || !pending

  return Object.entries({
    // An issuer may have many tenants, but the tenant of a person never changes.
    iss: !server.isIssuer(iss, claims) || (previous && iss !== previous.iss),
    // A token for several audiences is accepted only if its azp says that this client asked for it.
    aud:
      !audience.includes(clientId) ||
      (audience.length > 1 && azp == null) ||
      (previous && String(audience) !== String(list(previous.aud))),
    azp: azp != null && azp !== clientId,
    sub: typeof sub !== 'string' || !/^[ -~]{1,255}$/.test(sub),
    iat: pending
      ? !(iat * 1000 <= now + IAT_LEEWAY)
      : previous
        ? !(iat >= numberOf(previous.iat) - IAT_LEEWAY / 1000)
        : !isIatMissing && Number.isNaN(iat),
    exp: !Number.isFinite(exp) || (pending ? exp * 1000 <= now - LEEWAY : exp <= iat),
    nonce: expected && nonce !== expected.nonce && !(mayLackNonce && (nonce == null || expected.nonce == null)),
    // The age counts until the request was made, not until now, because a person may take a while after authenticating. Both times are
    // taken from the server's clock: now it shows `iat`.
    auth_time:
      (pending?.maxAge !== undefined &&
        !(numberOf(auth_time) * 1000 + pending.maxAge >= iat * 1000 - (now - (pending.createdAt ?? now)) - LEEWAY)) ||
      // It changes when the person authenticates again, perhaps for another application. It never goes back.
      (previous?.auth_time != null && auth_time != null && !(numberOf(auth_time) >= numberOf(previous.auth_time))),
  }).find(([, wrong]) => wrong)?.[0]
}

/** The audiences, sorted, because their order has no meaning. */
function list(value: unknown): readonly string[] {
  return [value].flat().map(textOf).sort()
}

function decode({ text }: AuthorizationServer, part = ''): Record<string, unknown> | undefined {
  try {
    return jsonObject(text.utf8(atob(part.replace(/-/g, '+').replace(/_/g, '/'))))
  } catch {}
  return
}
