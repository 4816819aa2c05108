import { systemClock } from '../in-process/system-clock.ts'
import type { Clock, Fetch } from '../ports.ts'

/** Options for `createTokenManager` that let the panel put the clock forward and cut the network of this tab. */
export interface DevtoolsPorts {
  /** The machine's clock, which can be put forward. */
  readonly clock: DevtoolsClock
  /** The page's `fetch`, which can be cut. */
  readonly fetch: Fetch
  /** While true, every request fails as it does without a network. */
  offline: boolean
}

/** A clock that can be put forward. */
export interface DevtoolsClock extends Clock {
  /** How far it is ahead of the machine's clock, in milliseconds. Setting it fires what has become due. */
  ahead: number
}

/**
 * Ports for a manager that the panel may play with: `createTokenManager({ …, clock: ports.clock, fetch: ports.fetch })`, and
 * `devtools(tokens, { ports })`. For development only. The clock is put forward in all tabs, for tabs whose clocks differ would take each
 * other's tokens for expired.
 */
export function devtoolsPorts(): DevtoolsPorts {
  const ports: DevtoolsPorts = {
    clock: devtoolsClock(),
    offline: false,
    async fetch(input, init) {
      if (ports.offline) throw new TypeError('Failed to fetch: the panel has cut the network of this tab')
      return globalThis.fetch(input, init)
    },
  }
  return ports
}

function devtoolsClock(): DevtoolsClock {
  const waiting = new Set<() => void>()
  let ahead = 0

  const put = (milliseconds: number) => {
    ahead = milliseconds
    for (const arm of waiting) arm()
  }
  const tell = shareWithTabs(
    () => ahead,
    (other) => {
      if (other > ahead) put(other)
    },
  )

  return {
    now: () => systemClock.now() + ahead,
    elapsed: () => systemClock.elapsed() + ahead,
    at(time, run) {
      let stop = () => {}
      const arm = () => {
        stop()
        stop = systemClock.at(time - ahead, () => {
          waiting.delete(arm)
          run()
        })
      }
      waiting.add(arm)
      arm()
      return () => {
        waiting.delete(arm)
        stop()
      }
    },
    get ahead() {
      return ahead
    },
    set ahead(milliseconds) {
      put(milliseconds)
      tell(milliseconds)
    },
  }
}

/** Tells the other tabs, hears them, and asks them at the start. Where there is no page there are no tabs. */
function shareWithTabs(present: () => number, hear: (ahead: number) => void): (ahead: number) => void {
  if (typeof document === 'undefined') return () => {}
  const channel = new BroadcastChannel('tokenward.devtools.clock')
  channel.onmessage = ({ data }) => {
    if (typeof data === 'number') hear(data)
    if (data === 'ask') channel.postMessage(present())
  }
  channel.postMessage('ask')
  return (ahead) => channel.postMessage(ahead)
}
