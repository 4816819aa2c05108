import type { Lock } from '../../src/ports.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import type { Tab } from './tab.ts'

interface Request {
  readonly tab: Tab
  /** Runs it, in the tab's own time. */
  grant(): void
  /** Takes it away from a holder that goes on. */
  steal(): void
  /** Where it stands; a lock stays with a tab that stands still, and goes with one that is gone. */
  holds: boolean
}

/** The locks all tabs share. */
export interface Locks {
  of(tab: () => Tab, dice: Random): Lock
  /** Somebody takes every lock from its holder. */
  steal(): void
  /** A tab is gone. */
  gone(tab: Tab): void
}

export function createLocks(history: History): Locks {
  const queues = new Map<string, Request[]>()
  const { time, plan } = history

  return {
    of: (tabOf, dice) => ({
      spans: plan.lock === 'process' ? 'process' : 'store',
      request(name, { signal }, run) {
        const tab = tabOf()
        const key = plan.lock === 'process' ? `${name} ${tab.name}` : name
        const queue = queues.get(key) ?? []
        queues.set(key, queue)
        return new Promise((resolve, reject) => {
          if (signal.aborted) return reject(signal.reason)
          if (plan.lock === 'refused') return reject(new Error('There are no locks here'))
          const leave = () => {
            const index = queue.indexOf(request)
            if (index < 0) return
            queue.splice(index, 1)
            next(queue)
          }
          const giveUp = () => {
            leave()
            reject(signal.reason)
          }
          const delay = () => (history.calm ? 0 : plan.noise.lockDelay * dice.next())
          const request: Request = {
            tab,
            holds: false,
            grant: () =>
              void time.inTab(tab, delay(), () => {
                if (!queue.includes(request)) return
                signal.removeEventListener('abort', giveUp)
                run().then(resolve, reject).finally(leave)
              }),
            steal() {
              leave()
              time.inTab(tab, 0, () => reject(new Error('stolen')))
            },
          }
          signal.addEventListener('abort', giveUp)
          queue.push(request)
          next(queue)
        })
      },
    }),
    steal() {
      for (const queue of queues.values()) if (queue[0]?.holds) queue[0].steal()
    },
    gone(tab) {
      for (const queue of queues.values()) {
        for (const request of queue.filter((one) => one.tab === tab)) queue.splice(queue.indexOf(request), 1)
        next(queue)
      }
    },
  }

  function next([first]: readonly Request[]): void {
    if (!first || first.holds || plan.lock === 'never') return
    first.holds = true
    first.grant()
  }
}
