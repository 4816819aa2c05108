import type { TokenManagerEventType } from '../session/events.ts'

const every: Record<TokenManagerEventType, true> = {
  signed_in: true,
  sign_in_failed: true,
  signed_out: true,
  refreshing: true,
  refreshed: true,
  adopted: true,
  waited: true,
  refresh_failed: true,
  token_rejected: true,
  step_up_required: true,
  retry_impossible: true,
  revoked: true,
  revocation_failed: true,
  store_failed: true,
  storage_corrupt: true,
  storage_lost: true,
  user_changed: true,
  clock_jumped: true,
  clock_off: true,
  dpop_not_bound: true,
  degraded: true,
}

/** The types of all events. The compiler checks that none is missing: `every` has to name each of them. */
export const eventTypes = Object.keys(every) as readonly TokenManagerEventType[]
