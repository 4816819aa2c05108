import { TokenManagerError, type TokenManagerErrorReason } from '../errors.ts'
import type { EpochMs } from '../ports.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { base64url } from './base64url.ts'
import { invalid, jsonObject, wrongMember } from './failure.ts'
import { numberOf, textOf } from './json-members.ts'

declare global {
  /**
   * Claims of your server's own, which `session.claims` then has. It is global, as all entries of this package share it: write
   * `declare global { interface TokenwardClaims { readonly tenant?: string } }` in a module of yours. Default: none.
   */
  interface TokenwardClaims {}
}

/**
 * What an ID token says of the person (OpenID Connect Core §5.1), where the scopes `profile`, `email`, `phone` and `address` ask for it, and
 * those of `TokenwardClaims`. The types are those of the standard, and whether a server keeps to them is not checked: some write
 * `email_verified` as text. It is for showing, and the account is known by `iss` and `sub`.
 */
export interface StandardClaims extends TokenwardClaims {
  /** The whole name, as it is shown. */
  readonly name?: string
  /** First names, in their order. */
  readonly given_name?: string
  /** Surnames, in their order. */
  readonly family_name?: string
  /** Middle names, in their order. */
  readonly middle_name?: string
  /** The name among friends. */
  readonly nickname?: string
  /** The name the person wants to be called by here; neither unique nor lasting. */
  readonly preferred_username?: string
  /** URL of a page about the person. */
  readonly profile?: string
  /** URL of a picture. */
  readonly picture?: string
  /** URL of the person's own page. */
  readonly website?: string
  /** E-mail address: neither unique nor lasting. */
  readonly email?: string
  /** Whether the server has made sure that it is the person's. */
  readonly email_verified?: boolean
  /** `female`, `male`, or another word. */
  readonly gender?: string
  /** `YYYY-MM-DD`, or `YYYY`; the year `0000` is left out. */
  readonly birthdate?: string
  /** Time zone, as `Europe/Zurich`. */
  readonly zoneinfo?: string
  /** Language (BCP 47), as `de-CH`. */
  readonly locale?: string
  /** Best as `+41 44 668 18 00` (E.164). */
  readonly phone_number?: string
  /** Whether the server has made sure that the number is the person's. */
  readonly phone_number_verified?: boolean
  /** Postal address. */
  readonly address?: AddressClaim
  /** When these were changed last, epoch seconds. */
  readonly updated_at?: number
}

/** A postal address (OpenID Connect Core §5.1.1). */
export interface AddressClaim {
  /** All of it, as on an envelope, with line ends. */
  readonly formatted?: string
  /** Street, house number, and what else goes before the town; may have line ends. */
  readonly street_address?: string
  /** City or town. */
  readonly locality?: string
  /** State, province or region. */
  readonly region?: string
  /** Postal code. */
  readonly postal_code?: string
  /** Country, by its name. */
  readonly country?: string
}

/** The claims of a validated ID token (OpenID Connect Core §2). Times are epoch **seconds**, as the server wrote them. */
export interface IdTokenClaims extends StandardClaims {
  /** The issuer, equal to the configured one; its tenant filled in where that is a template. */
  readonly iss: string
  /** The person, unique and stable within `iss`: the account key is (`iss`, `sub`), never an e-mail address. */
  readonly sub: string
  /** The clients it was issued to. */
  readonly aud: string | readonly string[]
  /** End of validity, epoch seconds. */
  readonly exp: number
  /** Issued at, epoch seconds. */
  readonly iat: number
  /** When the person authenticated, epoch seconds. */
  readonly auth_time?: number
  /** Binds the token to one sign-in. */
  readonly nonce?: string
  /** How strong the authentication was. */
  readonly acr?: string
  /** How the person authenticated (RFC 8176). */
  readonly amr?: readonly string[]
  /** The client it was issued to, if several are in `aud`. */
  readonly azp?: string
  /** The session at the authorization server. */
  readonly sid?: string
  /** Any other claim. */
  readonly [claim: string]: unknown
}

/** What an ID token has to agree with. */
export interface ExpectedIdToken {
  /** The authorization request it answers. */
  readonly pending?: {
    readonly nonce?: string | undefined
    /** Milliseconds. */
    readonly maxAge?: number | undefined
    readonly acrValues?: readonly string[] | undefined
    /** When it was made. */
    readonly createdAt?: EpochMs
  }
  /** The ID token before, if any, when there is no `pending` one: the token is a refreshed one. */
  readonly previous?: IdTokenClaims | undefined
}

/** Milliseconds by which clocks may differ. */
const LEEWAY = 60_000
/** `iat` only has to be plausible: the clocks of a device and of a server's hosts are not the same. */
const IAT_LEEWAY = 600_000

/**
 * Reads and checks an ID token that came straight from the token endpoint over TLS, so without its signature (OpenID Connect
 * Core §3.1.3.7, §3.1.3.8, §12.2). After a refresh the clock is not consulted, as a wrong one would cost the session, and a
 * token that cannot be decoded is left out.
 * @returns what to keep; empty if there is no ID token and none is needed
 */
export async function checkIdToken(
  server: AuthorizationServer,
  idToken: unknown,
  accessToken: string,
  { pending, previous }: ExpectedIdToken,
): Promise<{ idToken?: string; claims?: IdTokenClaims } | TokenManagerError> {
  // Some servers write text that they have not got as empty.
  if (!idToken) return pending?.nonce === undefined ? {} : invalid('id_token_missing')
  const token = textOf(idToken)
  const parts = token.split('.')
  const header = decode(server, parts[0])
  const claims = parts.length === 3 ? (decode(server, parts[1]) as IdTokenClaims | undefined) : undefined
  if (!header || !claims) return pending ? invalid('id_token_invalid') : {}

  const { iss, sub, acr, at_hash } = claims
  // Another person's token differs in more than `sub`; that it is another person's is what matters.
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
    return new TokenManagerError('ERR_AUTHORIZATION_REJECTED', 'insufficient_user_authentication')
  if (at_hash !== undefined && alg.endsWith('256')) {
    const hash = await server.crypto.sha256(new TextEncoder().encode(accessToken))
    if (at_hash !== base64url(hash.subarray(0, 16))) return invalid('id_token_at_hash')
  }
  return { idToken: token, claims }
}

/** What may help where a claim is wrong. */
function hintAt(name: string, { iat }: IdTokenClaims, { issuer, clock }: AuthorizationServer): string {
  if (name === 'iss') return `; option issuer is "${issuer}"`
  if (name === 'exp' || name === 'iat') {
    // It was made just now.
    const ahead = Math.round(clock.now() / 1000 - numberOf(iat))
    return `; the device's clock is ${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} the server's: correct it`
  }
  return name === 'nonce' ? '; see allowMissingNonce' : ''
}

/** The first claim that is missing or wrong. */
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
    // Of many tenants one is the person's, for good.
    iss: !server.isIssuer(iss, claims) || (previous && iss !== previous.iss),
    // Further audiences are trusted only where the token says that it was issued to this client.
    aud:
      !audience.includes(clientId) ||
      (audience.length > 1 && azp === undefined) ||
      (previous && String(audience) !== String(list(previous.aud))),
    azp: azp !== undefined && azp !== clientId,
    sub: typeof sub !== 'string' || !/^[ -~]{1,255}$/.test(sub),
    iat: pending
      ? !(iat * 1000 <= now + IAT_LEEWAY)
      : previous
        ? !(iat >= numberOf(previous.iat) - IAT_LEEWAY / 1000)
        : !isIatMissing && Number.isNaN(iat),
    exp: !Number.isFinite(exp) || (pending ? exp * 1000 <= now - LEEWAY : exp <= iat),
    nonce: expected && nonce !== expected.nonce && !(mayLackNonce && nonce == null),
    // Since the request was made: a person may take a while after having authenticated. Only the server's clock tells, which
    // shows `iat` now.
    auth_time:
      (pending?.maxAge !== undefined &&
        !(numberOf(auth_time) * 1000 + pending.maxAge >= iat * 1000 - (now - (pending.createdAt ?? now)) - LEEWAY)) ||
      // It moves when the person authenticates again, in another application perhaps, and only forward.
      (previous?.auth_time !== undefined &&
        auth_time !== undefined &&
        !(numberOf(auth_time) >= numberOf(previous.auth_time))),
  }).find(([, wrong]) => wrong)?.[0]
}

/** In one order, as the order of an audience means nothing. */
function list(value: unknown): readonly string[] {
  return [value].flat().map(textOf).sort()
}

function decode({ text }: AuthorizationServer, part = ''): Record<string, unknown> | undefined {
  try {
    return jsonObject(text.utf8(atob(part.replace(/-/g, '+').replace(/_/g, '/'))))
  } catch {}
  return
}
