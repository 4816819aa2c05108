import type { Clock } from '../ports.ts'
import { SIGN_IN_LIFETIME } from '../session/transaction.ts'
import { Refused } from './refusal.ts'

/**
 * Counts the sign-ins that people without a session begin. Anybody can begin one, and each needs room in the store for an hour.
 * @returns a function that counts one more. It throws `Refused` 503 if there are more than `most` within an hour
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
    const message = 'Too many sign-ins were begun here within an hour'
    throw new Refused(503, 'too_many_sign_ins', message, { 'retry-after': `${seconds}` })
  }
}
