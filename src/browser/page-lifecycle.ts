import type { Lifecycle, LifecycleEvent } from '../ports.ts'

const types = ['online', 'visibilitychange', 'pageshow', 'pagehide', 'freeze', 'resume']

/**
 * The life of this page: `visibilitychange`, `online`, freezing (Page Lifecycle) and the back/forward cache.
 * It listens to the page only while somebody listens to it.
 */
export function pageLifecycle(): Lifecycle {
  const listeners = new Set<(event: LifecycleEvent) => void>()

  const onPage = (event: Event) => {
    const heard = meaning(event)
    if (heard) for (const listener of listeners) listener(heard)
  }

  // The window's capture phase sees the document's events too, also those that do not bubble.
  const watchPage = (change: 'addEventListener' | 'removeEventListener') => {
    for (const type of types) window[change](type, onPage, true)
  }

  return {
    isOnline: () => navigator.onLine !== false,
    isVisible,
    subscribe(listener) {
      const own = (event: LifecycleEvent) => listener(event)
      if (!listeners.size) watchPage('addEventListener')
      listeners.add(own)
      return () => {
        if (listeners.delete(own) && !listeners.size) watchPage('removeEventListener')
      }
    },
  }
}

function meaning({ type, persisted }: Event & { persisted?: boolean }): LifecycleEvent | undefined {
  if (type === 'online') return type
  if (type === 'visibilitychange') return isVisible() ? 'visible' : 'hidden'
  // Every page is shown once when it loads; only one that comes out of the back/forward cache was asleep.
  if (type === 'pageshow') return persisted ? 'resumed' : undefined
  return type === 'resume' ? 'resumed' : 'frozen'
}

function isVisible(): boolean {
  return document.visibilityState !== 'hidden'
}
