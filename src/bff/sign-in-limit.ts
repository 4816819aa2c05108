import type { Clock } from '../ports.ts'
import { SIGN_IN_LIFETIME } from '../session/transaction.ts'
import { Refused } from './refusal.ts'

/**
 * Counts the sign-ins that people without a session begin: each lies in the store for as long as it counts, and anybody can begin one.
 * @returns counts one more
 * @throws Refused (the counter) 503 for more than `most` within that time
 */
export function signInLimit(most: number, clock: Clock): () => void {
  let begun = 0
  let endsAt = -Infinity

  return () => {
    const now = clock.elapsed()
    if (now >= endsAt) {
      endsAt = now + SIGN_IN_LIFETIME
      begun = 0
    }
    begun++
    if (begun <= most) return

    const seconds = Math.ceil((endsAt - now) / 1000)
    const message = 'Too many sign-ins were begun here within ten minutes'
    throw new Refused(503, 'too_many_sign_ins', message, { 'retry-after': `${seconds}` })
  }
}
