import { systemClock } from '../in-process/system-clock.ts'
import type { Clock, Fetch } from '../ports.ts'

/** A clock and a `fetch` for `createTokenManager` that the panel can control. Made by {@link devtoolsPorts}. */
export interface DevtoolsPorts {
  /** The machine's clock, which the panel can put forward. */
  readonly clock: DevtoolsClock
  /** The page's `fetch`, which the panel can cut off. */
  readonly fetch: Fetch
  /** While it is true, every request fails as if there were no network. Default false. */
  offline: boolean
}

/** A clock that can be put forward. */
export interface DevtoolsClock extends Clock {
  /** How far this clock is ahead of the machine's clock, in milliseconds. Setting it runs the timers that become due. Default 0. */
  ahead: number
}

/**
 * Makes a clock and a `fetch` that the panel can control: `createTokenManager({ …, clock: ports.clock, fetch: ports.fetch })`, then
 * `devtools(tokens, { ports })`. For development only. The clock is put forward in all tabs of the page's origin, because tabs whose clocks
 * differ would take each other's tokens for expired.
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

/** Sends the clock's lead to the other tabs, receives theirs, and asks for it at the start. Does nothing outside of a page. */
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
