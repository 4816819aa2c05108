import type { Channel, Degradation } from '../ports.ts'
import { onPage } from './page-events.ts'

/**
 * A channel between the pages and workers of the origin, made of `BroadcastChannel`. If that is missing or denied, no message is sent or received,
 * and `report` is called. The channel is closed while the page is in the back/forward cache, because a message would remove the page from the
 * cache. So messages may be missing when the page comes back.
 */
export function broadcastChannel(report: (lacking: Degradation) => void): Channel {
  const open = new Set<BroadcastChannel>()

  return {
    post(name, message) {
      try {
        // An open port is used if there is one, because a port does not get its own messages. A new port would send them to this page too.
        const kept = [...open].find((port) => port.name === name)
        const port = kept ?? new BroadcastChannel(name)
        port.postMessage(message)
        if (!kept) port.close()
      } catch {
        // Messages may be lost. The other contexts read the record anyway before they use it.
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
        // `persisted` is false when a page is loaded. Then the port is open already.
        else if (persisted) listen()
      })

      return () => {
        forget()
        close()
      }
    },
  }
}
