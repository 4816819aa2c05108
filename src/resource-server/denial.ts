/** Denies one token. */
export interface TokenDenial {
  /** The token's issuer (`iss`). */
  readonly issuer: string
  /** The token's identifier: `jti` of the claims that the guard gives, whatever the issuer calls it. Never a hash of the token. */
  readonly jti: string
  /** When the token expires, in epoch milliseconds. */
  readonly expiresAt: number
}

/** Denies all tokens of one sign-in. */
export interface SessionDenial {
  /** The tokens' issuer (`iss`). */
  readonly issuer: string
  /** The sign-in: `sid` of the tokens, or the claim that their issuer has instead (`claims.session`). */
  readonly sid: string
  /**
   * The person whose sign-in it is (`sub` of the tokens). Tokens of this person that name no sign-in are denied too, because they may belong to
   * it. Default: all tokens of the issuer that name no sign-in are denied, except those that a client got for itself.
   */
  readonly owner?: string
  /** Tokens are denied that were issued at this time or before, in epoch milliseconds. */
  readonly before: number
}

/** Denies all tokens of one person. */
export interface SubjectDenial {
  /** The tokens' issuer (`iss`). */
  readonly issuer: string
  /** The person (`sub` of the tokens). */
  readonly subject: string
  /** Tokens are denied that were issued at this time or before, in epoch milliseconds. */
  readonly before: number
}

/** Denies all tokens of one client. */
export interface ClientDenial {
  /** The tokens' issuer (`iss`). */
  readonly issuer: string
  /** The client: `client_id` of the claims that the guard gives, whatever the issuer calls it. */
  readonly clientId: string
  /** Tokens are denied that were issued at this time or before, in epoch milliseconds. */
  readonly before: number
}

/** Denies all tokens that one client got for one person. */
export interface GrantDenial extends SubjectDenial, ClientDenial {}

/** What a denylist can deny. */
export type Denial = TokenDenial | SessionDenial | SubjectDenial | ClientDenial | GrantDenial

/** The claims of a verified token that the denylist reads. */
export interface DeniableToken {
  /** The issuer. */
  readonly iss: string
  /** The identifier of the token. */
  readonly jti?: string | undefined
  /** The sign-in that the token came from. */
  readonly sid?: string | undefined
  /** The person or the client that the token is about. */
  readonly sub?: string | undefined
  /** The client that asked for the token. */
  readonly client_id?: string | undefined
  /** When the token was issued, in epoch seconds. */
  readonly iat?: number | undefined
}

/** What a denylist has to know of an issuer to find out whether a denial can match its tokens. */
export interface DeniableIssuer {
  /** Whether a token with this `iss` is of this issuer. */
  hasIssued(iss: string): boolean
  /** Whether its tokens have an identifier: `jti`, or another claim instead. */
  readonly hasTokenIds: boolean
  /** Whether its tokens name the sign-in that they came from. */
  readonly hasSessionIds: boolean
}

/** A denial, and how long it is kept. */
export interface DenylistEntry {
  /** What is denied. */
  readonly denial: Denial
  /** How long it is kept, in epoch milliseconds. At that time all tokens that it matches have expired. */
  readonly until: number
}
