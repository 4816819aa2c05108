import type { SessionState } from '../../src/index.ts'
import type { SessionRecord } from '../../src/session/record.ts'
import type { Move } from './plan.ts'

/** A move in words. */
export function describe(move: Move): string {
  const length = 'ms' in move ? ` ${(move.ms / 1000).toFixed(1)} s` : ''
  if (move.do === 'server fails') return `server fails (${move.how}) for${length}`
  if (move.do === 'store fails') return `store fails (${move.what}) for${length}`
  const after = 'tab' in move && move.after ? ` after ${move.after} steps` : ''
  return move.do + length + after
}

/** A record in words. */
export function recordText(record: SessionRecord | undefined): string {
  if (!record) return 'nothing'
  const { grantId, generation, signedOut, refreshToken, lease, doubt, failure, outbox } = record
  const parts = [
    `grant ${short(grantId)}.${generation}`,
    signedOut ? `ended (${signedOut.reason})` : (refreshToken ?? 'no refresh token'),
    lease && `lease ${short(lease.owner)}/${lease.beat}${lease.locked ? ' locked' : ''}`,
    doubt && 'doubt',
    failure && `failure ${failure.attempts} (${failure.delay} ms)`,
    outbox.length > 0 && `outbox ${outbox.map(({ token }) => token).join(' ')}`,
  ]
  return parts.filter(Boolean).join(', ')
}

/** A state in words. */
export function stateText(state: SessionState): string {
  if (state.status === 'loading') return state.status
  return `${state.status} (${state.status === 'signedIn' ? state.health : state.reason})`
}

/** What a call rejected with, in words. */
export function errorText(error: unknown): string {
  const { code, reason, message } = error as { code?: string; reason?: string; message?: string }
  return code ? `${code} (${reason})` : `${message}`
}

/** What a call resolved with, in words. */
export function resultText(result: unknown): string {
  const { value, status, local } = Object(result) as { value?: string; status?: unknown; local?: string }
  return `${value ?? local ?? status ?? 'done'}`
}

/** Milliseconds as seconds. */
export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(3).padStart(9)} s`
}

const short = (value: string) => value.slice(0, 4)
