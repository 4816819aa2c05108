/** What a page is asked. */
export type Question =
  | { readonly do: 'adopt'; readonly tokens: { accessToken: string; refreshToken: string; expiresAt: number } }
  | { readonly do: 'refresh' }
  | { readonly do: 'engine' }
  /** Takes 64 MB of memory, or gives them back. */
  | { readonly do: 'ballast'; readonly hold: boolean }
  | { readonly do: 'leave' }

/** What it says. */
export interface Answer {
  /** What a refresh came to: `a token`, or why not. */
  readonly got?: string
  readonly state?: string
  /** When it was asked and when it had it, epoch ms. */
  readonly from?: number
  readonly to?: number
  /** How much memory it took on request, bytes. */
  readonly held?: number
  /** Whether this engine has `SharedWorker`, module scripts in it, and looks at `extendedLifetime`. */
  readonly engine?: { readonly sharedWorker: boolean; readonly module: boolean; readonly extendedLifetime: boolean }
}

/** What the page is made with. */
export interface PageSettings {
  readonly metadata: { readonly issuer: string; readonly token_endpoint: string }
  readonly api: string
}
