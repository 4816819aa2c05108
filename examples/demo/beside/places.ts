/** Where the page's two sides go. */
export interface Places {
  readonly issuer: string
  /** Of the side with tokens in the page. */
  readonly clientId: string
  /** The API's URL. */
  readonly api: string
}

/** What a thief found in the page. */
export interface Found {
  readonly accessToken?: string
  readonly refreshToken?: string
}

/** What a program elsewhere got for it: HTTP statuses, for what was found. */
export interface Tried {
  readonly accessToken?: number
  readonly refreshToken?: number
}
