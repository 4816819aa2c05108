/** One token. */
export interface TokenDenial {
  /** Who issued it. */
  readonly issuer: string
  /** Its name: the `jti` of a verified token, never a hash of its text. */
  readonly jti: string
  /** When it expires, epoch milliseconds. */
  readonly expiresAt: number
}

/** Everything of a sign-in. */
export interface SessionDenial {
  /** Who issued it. */
  readonly issuer: string
  /** The sign-in: the tokens' `sid`. */
  readonly sid: string
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
  /** The tokens' `client_id`. */
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

/** A denial and how long it is kept. */
export interface DenylistEntry {
  /** What is denied. */
  readonly denial: Denial
  /** Epoch milliseconds; after it, no token is left that it could hit. */
  readonly until: number
}
