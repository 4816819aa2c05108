import type { Channel } from '../ports.ts'

type Listener = (message: unknown) => void

/**
 * `BroadcastChannel` among the pages and workers of the origin. Closed while the page lies in the back/forward cache, which a
 * message would throw it out of: read again what may have changed when the page comes back.
 */
export function broadcastChannel(): Channel {
  const names = new Map<string, { port?: BroadcastChannel | undefined; readonly listeners: Set<Listener> }>()

  const open = (name: string, listeners: Set<Listener>): BroadcastChannel => {
    const port = new BroadcastChannel(name)
    port.onmessage = ({ data }) => {
      for (const listener of listeners) listener(data)
    }
    return port
  }

  const onPage = ({ type, persisted }: Event & { persisted?: boolean }) => {
    const leaves = type === 'pagehide'
    // Every page is shown once when it loads; then all is open already.
    if (!leaves && !persisted) return
    for (const [name, entry] of names) {
      entry.port?.close()
      entry.port = leaves ? undefined : open(name, entry.listeners)
    }
  }

  const watchPage = (change: 'addEventListener' | 'removeEventListener') => {
    for (const type of ['pagehide', 'pageshow']) globalThis[change]?.(type, onPage)
  }

  return {
    post(name, message) {
      try {
        const kept = names.get(name)?.port
        const port = kept ?? new BroadcastChannel(name)
        port.postMessage(message)
        if (!kept) port.close()
      } catch {
        // A message may be lost: whoever needs to know reads the record.
      }
    },
    subscribe(name, listener) {
      if (!names.size) watchPage('addEventListener')
      const listeners = names.get(name)?.listeners ?? new Set()
      if (!names.has(name)) names.set(name, { port: open(name, listeners), listeners })
      const own: Listener = (message) => listener(message)
      listeners.add(own)
      return () => {
        if (!listeners.delete(own) || listeners.size) return
        names.get(name)?.port?.close()
        names.delete(name)
        if (!names.size) watchPage('removeEventListener')
      }
    },
  }
}
