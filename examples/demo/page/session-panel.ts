import type { SessionState } from 'tokenward/browser'
import type { Counts } from './world.ts'

/** What the panel shows beside the state. */
export interface Token {
  readonly generation: number
  /** `DPoP`: bound to a key of this browser's. */
  readonly type: string
  /** By the machine's clock, epoch milliseconds. */
  readonly end: number
  /** Milliseconds. */
  readonly lifetime: number
}

const health = {
  ok: ['ok', 'Healthy'],
  suspended: ['warn', 'Suspended: the server cannot be reached, it goes on by itself'],
  sign_in_suggested: ['warn', 'Will end with this access token: sign in again'],
} as const

const reasons: Record<string, string> = {
  none: 'Nobody has signed in here yet',
  signed_out: 'You signed out in this tab',
  signed_out_elsewhere: 'You signed out in another tab',
  rejected: 'The authorization server ended the session',
  outcome_unknown: 'An answer was lost, and with it the session',
  sign_in_failed: 'The sign-in did not work',
  storage_lost: 'The storage could not be read',
}

const at = (id: string) => document.getElementById(id) as HTMLElement

/** Shows who is signed in and how well. `refusal`: why the API refused the last token. */
export function showState(state: SessionState, refusal: string | undefined): void {
  const signedIn = state.status === 'signedIn' ? state : undefined
  const name = signedIn ? (signedIn.session.subject ?? 'somebody') : ''
  document.body.dataset.status = state.status
  at('who').textContent = signedIn
    ? `Signed in as ${name.charAt(0).toUpperCase()}${name.slice(1)}`
    : state.status === 'loading'
      ? 'Starting…'
      : 'Signed out'
  at('face').textContent = name.charAt(0).toUpperCase() || '–'
  at('face').dataset.person = name
  const [tone, text] = signedIn
    ? health[signedIn.health]
    : ['none', state.status === 'signedOut' ? (reasons[state.reason] ?? state.reason) : '']
  const error = state.status === 'signedOut' ? state.error : signedIn?.cause
  const why = state.status === 'signedOut' && state.reason === 'rejected' && refusal
  at('health').textContent = why
    ? `${text}. The API refused its token: ${why}`
    : error
      ? `${text} (${error.code}, ${error.reason})`
      : text
  at('health').dataset.tone = tone
}

/** Shows how long the access token lives; call it again and again. */
export function showToken(token: Token | undefined): void {
  at('expiry').hidden = !token
  at('generation').textContent = token?.generation ? String(token.generation) : '–'
  if (!token) return
  const left = Math.max(token.end - Date.now(), 0)
  at('expiry-text').textContent = `${token.type} access token ${left ? 'expires in' : 'expired'}`
  at('countdown').textContent = left ? `${Math.ceil(left / 1000)} s` : ''
  const bar = at('expiry-bar') as HTMLProgressElement
  bar.value = Math.min(left / token.lifetime, 1)
  bar.dataset.low = String(left < token.lifetime * 0.2)
}

/** Shows what the authorization server counted. */
export function showCounts({ refreshes, reused, revoked }: Counts): void {
  at('refreshes').textContent = String(refreshes)
  at('reused').textContent = String(reused)
  at('reused').dataset.bad = String(reused > 0)
  at('revoked').textContent = String(revoked)
}
