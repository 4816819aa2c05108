/** One token. */
export interface TokenDenial {
  /** Who issued it. */
  readonly issuer: string
  /** Its name: the `jti` of the claims that the guard gives, whatever the issuer calls it; never a hash of its text. */
  readonly jti: string
  /** When it expires, epoch milliseconds. */
  readonly expiresAt: number
}

/** Everything of a sign-in. */
export interface SessionDenial {
  /** Who issued it. */
  readonly issuer: string
  /** The sign-in: the tokens' `sid`, or what their issuer has in its place (`claims.session`). */
  readonly sid: string
  /**
   * Whose sign-in it is (the tokens' `sub`), where that is known. Tokens of this person that name no sign-in are then refused as well, because nobody can
   * tell whether they are of this one. Without it, all tokens of the issuer that name no sign-in are refused, but for those that show
   * that a client got them for itself.
   */
  readonly owner?: string
  /** What was issued at or before it, epoch milliseconds. */
  readonly before: number
}

/** Everything of a person. */
export interface SubjectDenial {
  /** Who issued it. */
  readonly issuer: string
  /** The tokens' `sub`. */
  readonly subject: string
  /** What was issued at or before it, epoch milliseconds. */
  readonly before: number
}

/** Everything of a client. */
export interface ClientDenial {
  /** Who issued it. */
  readonly issuer: string
  /** The `client_id` of the claims that the guard gives, whatever the issuer calls it. */
  readonly clientId: string
  /** What was issued at or before it, epoch milliseconds. */
  readonly before: number
}

/** Everything that a client got for a person: one grant. */
export interface GrantDenial extends SubjectDenial, ClientDenial {}

/** What is denied. */
export type Denial = TokenDenial | SessionDenial | SubjectDenial | ClientDenial | GrantDenial

/** What the denylist looks at in a verified token. */
export interface DeniableToken {
  /** Who issued it. */
  readonly iss: string
  /** Its name. */
  readonly jti?: string | undefined
  /** The sign-in it came from. */
  readonly sid?: string | undefined
  /** Whom it is about. */
  readonly sub?: string | undefined
  /** The client that asked for it. */
  readonly client_id?: string | undefined
  /** Seconds since 1970. */
  readonly iat?: number | undefined
}

/** What a denylist has to know of an issuer, so that it can tell whether a denial would hit anything. */
export interface DeniableIssuer {
  /** Whether tokens that say this `iss` are of this issuer. */
  hasIssued(iss: string): boolean
  /** Whether its tokens have names of their own: `jti`, or another claim in its place. */
  readonly hasTokenIds: boolean
  /** Whether its tokens name the sign-in they came from. */
  readonly hasSessionIds: boolean
}

/** A denial and how long it is kept. */
export interface DenylistEntry {
  /** What is denied. */
  readonly denial: Denial
  /** Epoch milliseconds; after it, no token is left that it could hit. */
  readonly until: number
}
