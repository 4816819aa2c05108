import type { EpochMs } from '../ports.ts'

const HOUR = 3_600_000

/**
 * How long an answer asks to wait (RFC 9110 §10.2.3), in milliseconds from 0 to one hour; `undefined` when it does not say.
 * A date is measured against the answer's own `Date` where that is readable, so that a wrong local clock does no harm.
 * @param now wall clock
 */
export function retryAfter(headers: Headers, now: EpochMs): number | undefined {
  const value = headers.get('retry-after') ?? ''
  let wait: number | undefined
  if (/^\d+$/.test(value)) wait = Number(value) * 1000
  // Anything else `Date.parse` would read as some date or other.
  if (/^[A-Z].* GMT$/.test(value)) wait = Date.parse(value) - (Date.parse(headers.get('date') ?? '') || now)
  return wait === undefined || Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), HOUR)
}
