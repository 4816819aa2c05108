import type { Personality } from './plan.ts'
import type { Random } from './random.ts'

/** What comes of one sign-in. */
export interface Family {
  readonly id: number
  readonly person: string
  /** What ended it. `reuse`: a used refresh token was presented. `revoked`: it was asked to. */
  endedBy?: 'reuse' | 'revoked' | 'administrator'
  current: RefreshToken
}

/** A refresh token that was issued. */
export interface RefreshToken {
  readonly value: string
  readonly family: Family
  /** It was issued as the family's n-th. */
  readonly number: number
  /** What its first use brought. */
  used?: { readonly at: number; readonly body: Record<string, unknown> }
}

/** An access token that was issued. */
export interface IssuedAccessToken {
  readonly family: Family
  /** When APIs stop accepting it, true time. */
  readonly expiresAt: number
  /** When it expires as far as its holder was told, true time. */
  announced: number
  rejected: boolean
}

/** An answer, before the network. */
export interface ServerAnswer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An authorization server that knows what it issued. */
export interface AuthorizationServer {
  readonly families: readonly Family[]
  readonly refreshTokens: ReadonlyMap<string, RefreshToken>
  readonly accessTokens: ReadonlyMap<string, IssuedAccessToken>
  /** How often a used refresh token was presented. */
  readonly reuses: number
  /** A sign-in. */
  issue(person: string, now: number): { accessToken: string; refreshToken: string; idToken: string | undefined }
  refresh(token: string, now: number): ServerAnswer
  revoke(token: string): ServerAnswer
}

export const ISSUER = 'https://as.example'
export const CLIENT = 'spa'
/** Wall clock at true time 0. */
export const EPOCH = Date.UTC(2026, 0, 1)

const GRACE = 30_000

export function authorizationServer(personality: Personality, dice: Random): AuthorizationServer {
  const families: Family[] = []
  const refreshTokens = new Map<string, RefreshToken>()
  const accessTokens = new Map<string, IssuedAccessToken>()
  let reuses = 0

  return {
    families,
    refreshTokens,
    accessTokens,
    get reuses() {
      return reuses
    },
    issue(person, now) {
      const family = { id: families.length + 1, person } as Family
      families.push(family)
      const refreshToken = rotate(family)
      const accessToken = newAccessToken(family, now, now + personality.lifetime)
      return { accessToken, refreshToken, idToken: personality.idTokens ? idToken(person, now) : undefined }
    },
    refresh(value, now) {
      const token = refreshTokens.get(value)
      if (!token || token.family.endedBy) return refusal()
      const { family } = token
      if (token !== family.current) {
        if (
          personality.rotation === 'grace' &&
          token.used &&
          now - token.used.at < GRACE &&
          successor(token) === family.current
        ) {
          const again = accessTokens.get(`${token.used.body.access_token}`)
          if (again && again.announced < Infinity) again.announced = now + personality.lifetime
          return json(token.used.body)
        }
        reuses++
        family.endedBy = 'reuse'
        return refusal()
      }
      const told = { number: 1, text: 1, zero: 0, negative: 0, absent: Infinity, huge: Infinity }[personality.expiresIn]
      const seconds = personality.lifetime / 1000
      const accessToken = newAccessToken(
        family,
        now,
        told === 1 ? now + personality.lifetime : told === 0 ? now : Infinity,
      )
      const body: Record<string, unknown> = {
        access_token: accessToken,
        token_type: personality.tokenType,
        expires_in: { number: seconds, text: `${seconds}`, zero: 0, negative: -1, absent: undefined, huge: 1e15 }[
          personality.expiresIn
        ],
      }
      if (personality.rotation === 'same') body.refresh_token = value
      if (personality.rotation === 'strict' || personality.rotation === 'grace') body.refresh_token = rotate(family)
      if (personality.idTokens)
        body.id_token = idToken(dice.chance(personality.otherPerson) ? 'somebody else' : family.person, now)
      if (dice.chance(personality.malformed)) body.token_type = 'mac'
      token.used = { at: now, body }
      return json(body)
    },
    revoke(value) {
      if (personality.revocation === 'refuses') return json({ error: 'invalid_request' }, 400)
      if (personality.revocation === 'fails') return { status: 503, body: '' }
      const family = refreshTokens.get(value)?.family
      if (family) family.endedBy ??= 'revoked'
      const access = accessTokens.get(value)
      if (access) access.rejected = true
      return { status: 200, body: '' }
    },
  }

  function rotate(family: Family): string {
    const number = (family.current?.number ?? 0) + 1
    const token: RefreshToken = { value: `rt-${family.id}-${number}`, family, number }
    family.current = token
    refreshTokens.set(token.value, token)
    return token.value
  }

  function newAccessToken(family: Family, now: number, announced: number): string {
    const value = `at-${family.id}-${accessTokens.size + 1}`
    accessTokens.set(value, { family, expiresAt: now + personality.lifetime, announced, rejected: false })
    return value
  }

  function successor({ family, number }: RefreshToken): RefreshToken | undefined {
    return refreshTokens.get(`rt-${family.id}-${number + 1}`)
  }

  function refusal(): ServerAnswer {
    switch (personality.refusal) {
      case 'as_text':
        return {
          status: 400,
          body: '{"error":"invalid_grant"}',
          headers: { 'content-type': 'text/plain', 'www-authenticate': 'Bearer error="invalid_token"' },
        }
      case 'empty':
        return { status: 400, body: '' }
      case 'invalid_request':
        return json({ error: 'invalid_request' }, 400)
      case 'html':
        return { status: 500, body: '<html>' }
      case 'forbidden':
        return { status: 403, body: '' }
      default:
        return json({ error: 'invalid_grant' }, 400)
    }
  }
}

function json(body: unknown, status = 200): ServerAnswer {
  return { status, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}

function idToken(sub: string, now: number): string {
  const iat = Math.floor((EPOCH + now) / 1000)
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replace(/=+$/, '').replace(/\+/g, '-').replace(/\//g, '_')
  return `${part({ alg: 'RS256' })}.${part({ iss: ISSUER, aud: CLIENT, sub, iat, exp: iat + 600 })}.c2ln`
}
