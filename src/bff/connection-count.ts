import { Refused } from './refusal.ts'

/** Open connections of one session at one host: a browser needs one event stream for all its tabs, and what an app opens in WebSockets. */
const MOST = 100

/** Counts the open connections of each session. */
export type ConnectionCount = ReturnType<typeof connectionCount>

/** Nothing is open yet. */
export function connectionCount() {
  const open = new Map<string, number>()
  const change = (account: string, by: number) => {
    const count = (open.get(account) ?? 0) + by
    if (count > 0) open.set(account, count)
    else open.delete(account)
  }
  return {
    /**
     * One more, until what it returns is called.
     * @throws Refused 429 for more than 100
     */
    add(account: string): () => void {
      const isFull = (open.get(account) ?? 0) >= MOST
      if (isFull)
        throw new Refused(429, 'too_many_connections', `This session has ${MOST} connections open here`, {
          'retry-after': '30',
        })
      change(account, 1)
      let isCounted = true
      return () => {
        if (isCounted) change(account, -1)
        isCounted = false
      }
    },
  }
}
