import type { Channel, Degradation } from '../ports.ts'
import { onPage } from './page-events.ts'

/**
 * `BroadcastChannel` among the pages and workers of the origin; silence where it is missing or denied, which `report` hears.
 * Closed while the page lies in the back/forward cache, which a message would throw it out of: read again what may have changed
 * when the page comes back.
 */
export function broadcastChannel(report: (lacking: Degradation) => void): Channel {
  const open = new Set<BroadcastChannel>()

  return {
    post(name, message) {
      try {
        // A port does not hear what it posts itself.
        const kept = [...open].find((port) => port.name === name)
        const port = kept ?? new BroadcastChannel(name)
        port.postMessage(message)
        if (!kept) port.close()
      } catch {
        // A message may be lost: whoever needs to know reads the record.
      }
    },
    subscribe(name, listener) {
      let close = () => {}
      const listen = () => {
        try {
          const port = new BroadcastChannel(name)
          port.onmessage = ({ data }) => listener(data)
          open.add(port)
          close = () => {
            open.delete(port)
            port.close()
          }
        } catch {
          report('channel_unavailable')
        }
      }
      listen()
      const forget = onPage(['pagehide', 'pageshow'], ({ type, persisted }) => {
        if (type === 'pagehide') close()
        // Every page is shown once when it loads; then the port is open already.
        else if (persisted) listen()
      })
      return () => {
        forget()
        close()
      }
    },
  }
}
