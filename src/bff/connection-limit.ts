import { Refused } from './refusal.ts'

/**
 * The highest number of open connections of one session at one host. A browser needs one event stream for all its tabs, and those WebSockets
 * that the app opens.
 */
const MOST = 100

/**
 * Counts the open connections of each session.
 * @returns a function that counts one more connection of an account. It returns a function to call when that connection is closed. It throws
 *   `Refused` 429 if there would be more than 100
 */
export function connectionLimit(): (account: string) => () => void {
  const open = new Map<string, number>()

  return (account) => {
    const isFull = (open.get(account) ?? 0) >= MOST
    if (isFull) {
      const message = `This session has ${MOST} event streams and WebSockets open at this host, and may have no more`
      throw new Refused(429, 'too_many_connections', message, { 'retry-after': '30' })
    }

    count(account, 1)
    return () => count(account, -1)
  }

  function count(account: string, by: number) {
    const next = (open.get(account) ?? 0) + by
    if (next > 0) open.set(account, next)
    else open.delete(account)
  }
}
