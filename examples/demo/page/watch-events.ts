import type { TokenManager, TokenManagerEventType } from 'tokenward/browser'
import type { Happening } from './feed.ts'

const types: readonly TokenManagerEventType[] = [
  'signed_in',
  'sign_in_failed',
  'signed_out',
  'refreshing',
  'refreshed',
  'adopted',
  'waited',
  'refresh_failed',
  'token_rejected',
  'step_up_required',
  'retry_impossible',
  'revoked',
  'revocation_failed',
  'store_failed',
  'storage_corrupt',
  'storage_lost',
  'user_changed',
  'clock_jumped',
  'clock_off',
  'degraded',
]

type Report = Omit<Extract<Happening, { kind: 'event' }>, 'kind'>

/** Hands every event of `tokens` to `report`, reduced to what the demo shows. */
export function watchEvents(tokens: TokenManager, report: (event: Report) => void): void {
  for (const type of types)
    tokens.on(type, ({ grant, generation, ...event }) => {
      const { reason, outcome, duration } = event as Partial<Report>
      report({ type, grant, generation, reason, duration, outcome })
    })
}
