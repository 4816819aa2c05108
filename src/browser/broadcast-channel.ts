import type { Channel, Degradation } from '../ports.ts'
import { listeners } from './listeners.ts'
import { onPage } from './page-events.ts'

/**
 * `BroadcastChannel` among the pages and workers of the origin; silence where it is missing or denied, which `report` hears.
 * Closed while the page lies in the back/forward cache, which a message would throw it out of: read again what may have changed
 * when the page comes back.
 */
export function broadcastChannel(report: (lacking: Degradation) => void): Channel {
  const lines = new Map<string, Line>()
  const lineOf = (name: string): Line => {
    const found = lines.get(name) ?? line(name, report)
    lines.set(name, found)
    return found
  }
  return {
    post: (name, message) => lineOf(name).post(message),
    subscribe: (name, listener) => lineOf(name).subscribe(listener),
  }
}

/** What goes over one name. */
interface Line {
  post(message: unknown): void
  subscribe(listener: (message: unknown) => void): () => void
}

function line(name: string, report: (lacking: Degradation) => void): Line {
  let port: BroadcastChannel | undefined
  const open = () => {
    try {
      port = new BroadcastChannel(name)
      port.onmessage = ({ data }) => heard.tell(data)
    } catch {
      report('channel_unavailable')
    }
  }
  const close = () => {
    port?.close()
    port = undefined
  }
  const heard = listeners<unknown>(() => {
    open()
    const forget = onPage(['pagehide', 'pageshow'], ({ type, persisted }) => {
      if (type === 'pagehide') close()
      // Every page is shown once when it loads; then the port is open already.
      else if (persisted) open()
    })
    return () => {
      forget()
      close()
    }
  })
  return {
    subscribe: heard.add,
    post(message) {
      const kept = port
      try {
        if (!kept) open()
        port?.postMessage(message)
      } catch {
        // A message may be lost: whoever needs to know reads the record.
      }
      if (!kept) close()
    },
  }
}
