import type { EpochMs } from '../ports.ts'

const HOUR = 3_600_000

/**
 * How long an answer asks to wait (RFC 9110 §10.2.3), in milliseconds from 0 to one hour. `undefined` if it does not say. If it names a date,
 * that is compared with the answer's own `Date`, if there is one, so that a wrong clock of this device does no harm.
 * @param now what the wall clock shows
 */
export function retryAfter(headers: Headers, now: EpochMs): number | undefined {
  const value = headers.get('retry-after') ?? ''

  let wait: number | undefined
  if (/^\d+$/.test(value)) wait = Number(value) * 1000
  // The form is checked first, because Date.parse finds a date in almost any text.
  if (/^[A-Z].* GMT$/.test(value)) wait = Date.parse(value) - (Date.parse(headers.get('date') ?? '') || now)

  return wait === undefined || Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), HOUR)
}
