/** One challenge of a `WWW-Authenticate` field (RFC 9110 §11.6.1). */
export interface Challenge {
  /** The authentication scheme, lower case. */
  readonly scheme: string
  /** Its parameters by lower-case name, on an object without a prototype. */
  readonly params: Readonly<Record<string, string>>
  /** What some schemes send in place of parameters. */
  readonly token68?: string
}

export declare function parseChallenges(header: string | null): Challenge[]
