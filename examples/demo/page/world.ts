/** The demo's knobs as they stand; the page's server keeps them, every tab follows. */
export interface World {
  /** Nothing answers at the authorization server. */
  readonly down: boolean
  /** The tabs' requests to API and authorization server fail as if there were no network. */
  readonly offline: boolean
  /** How far the tabs' clock is ahead, in milliseconds. */
  readonly ahead: number
}

/** What the servers counted. */
export interface Counts {
  /** Refreshes that brought tokens. */
  readonly refreshes: number
  /** Refresh tokens presented a second time. */
  readonly reused: number
  /** Tokens revoked. */
  readonly revoked: number
}

/** One attempt to use a stolen token. */
export interface Attempt {
  readonly what: string
  readonly status: number
  /** Why it was refused, as the server knows. */
  readonly reason: string
}

/** What the page has to know before it starts. */
export interface Setting {
  readonly issuer: string
  readonly clientId: string
  readonly api: string
  readonly world: World
  readonly counts: Counts
  /** What the last thief got. */
  readonly theft: readonly Attempt[]
}

/**
 * The knobs. `deny`: the API refuses the present access token. `revoke`: the authorization server ends all grants, and tells the API.
 * `logout`: it signs everybody out everywhere. `steal`: a program elsewhere uses copied tokens.
 */
export type Knob = 'down' | 'up' | 'offline' | 'online' | 'deny' | 'revoke' | 'logout' | 'steal' | 'expire'

/** Reads how the demo is set. */
export const readSetting = async (): Promise<Setting> => (await fetch('/control')).json()

/** Turns a knob; for `expire`, `by` puts the clock forward by so many milliseconds. */
export async function turnKnob(knob: Knob, by = 0): Promise<Setting> {
  const response = await fetch('/control', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ knob, by }),
  })
  return response.json()
}
