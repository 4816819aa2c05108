/** What one page tells about itself since its last report. */
export interface Report {
  /** This load of this page. */
  readonly context: string
  /** The tab it is in, by the name it was opened with. */
  readonly tab: string
  /** Numbers the reports of a context, as one may be sent twice. */
  readonly serial: number
  readonly state: string
  readonly health?: string | undefined
  /** Which sign-in the last token was of. */
  readonly family: string
  readonly calls: {
    readonly begun: number
    readonly answered: number
    /** How often it failed, by why. */
    readonly failed: Readonly<Record<string, number>>
    /** The longest that one waited while the page ran, ms. */
    readonly longest: number
  }
  /** How many calls are under way, and for how long the oldest has been, ms of running. */
  readonly pending: { readonly count: number; readonly oldest: number }
  readonly refreshed: number
  readonly signedOut: readonly { readonly reason: string; readonly family: string }[]
  /** How often it came back out of the back/forward cache. */
  readonly restored: number
  readonly uncaught: readonly string[]
  /** What happened to it and what it did, and when, epoch ms. */
  readonly story: readonly (readonly [at: number, what: string])[]
}

/** What its story says when a token request leaves, and begins with when the answer is there. */
export const SENT = 'sent'
export const ANSWERED = 'answered'
/** What it says when a storage that was to be deleted is: pages that stand still keep it from that for as long as they do. */
export const DELETED = 'storage deleted'

/** What a page is told to do. */
export type Command =
  /** Not any more after `until`, epoch ms: then somebody else was asked. */
  | {
      readonly do: 'adopt'
      readonly tokens: { accessToken: string; refreshToken: string; expiresAt: number }
      readonly until?: number
    }
  | { readonly do: 'clock'; readonly by: number }
  | { readonly do: 'clear' }
  | { readonly do: 'leave'; readonly ms: number }
  | { readonly do: 'rest' }

/** What a page is made with. */
export interface PageSettings {
  readonly metadata: { readonly issuer: string; readonly token_endpoint: string }
  readonly api: string
  readonly requestTimeout: number
  /** Milliseconds between calls. */
  readonly pace: readonly [low: number, high: number]
  /** No lock, and nobody sees a lease. */
  readonly leaseless: boolean
}
