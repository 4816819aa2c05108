import type { Channel } from '../../src/ports.ts'

/** A place where contexts hear one another, and where messages can be lost or held back. */
export interface ChannelHub {
  /** Another context of this hub. */
  context(): Channel
  /** `'deliver'` (default), `'drop'`, or `'hold'` until `release()`. */
  mode: 'deliver' | 'drop' | 'hold'
  /** Delivers what was held, in the order of posting. */
  release(): Promise<void>
  /** Resolves when everything posted was delivered. */
  settle(): Promise<void>
  /** Everything ever posted, lost messages too. */
  readonly posted: readonly { readonly name: string; readonly message: unknown }[]
}

/** Contexts in one process that hear one another as `BroadcastChannel`s do: later, as copies, never themselves. */
export function channelHub(): ChannelHub {
  const contexts: Map<string, Set<(message: unknown) => void>>[] = []
  const posted: { name: string; message: unknown }[] = []
  let held: (() => void)[] = []
  const hub: ChannelHub = {
    mode: 'deliver',
    posted,
    async release() {
      const late = held
      held = []
      for (const deliver of late) queueMicrotask(deliver)
      await hub.settle()
    },
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    context() {
      const own = new Map<string, Set<(message: unknown) => void>>()
      contexts.push(own)
      return {
        post(name, message) {
          let copy: unknown
          try {
            copy = structuredClone(message)
          } catch {
            return
          }
          posted.push({ name, message: copy })
          const deliver = () => {
            for (const other of contexts) {
              if (other !== own) for (const listener of [...(other.get(name) ?? [])]) listener(structuredClone(copy))
            }
          }
          if (hub.mode === 'deliver') queueMicrotask(deliver)
          if (hub.mode === 'hold') held.push(deliver)
        },
        subscribe(name, listener) {
          const listeners = own.get(name) ?? new Set()
          own.set(name, listeners)
          const heard = (message: unknown) => listener(message)
          listeners.add(heard)
          return () => void listeners.delete(heard)
        },
      }
    },
  }
  return hub
}
