import type { Lifecycle, LifecycleEvent } from '../ports.ts'
import { listeners } from './listeners.ts'
import { onPage } from './page-events.ts'

/**
 * The life of this page: `visibilitychange`, `online`, freezing (Page Lifecycle) and the back/forward cache.
 * It listens to the page only while somebody listens to it.
 */
export function pageLifecycle(): Lifecycle {
  const heard = listeners<LifecycleEvent>(() =>
    onPage(['online', 'visibilitychange', 'pageshow', 'pagehide', 'freeze', 'resume'], ({ type, persisted }) => {
      if (type === 'online') heard.tell(type)
      else if (type === 'visibilitychange') heard.tell(isVisible() ? 'visible' : 'hidden')
      // Every page is shown once when it loads; only one that comes out of the back/forward cache was asleep.
      else if (type === 'resume' || (persisted && type === 'pageshow')) heard.tell('resumed')
      else if (type !== 'pageshow') heard.tell('frozen')
    }),
  )
  return { isOnline: () => navigator.onLine, isVisible, subscribe: heard.add }
}

function isVisible(): boolean {
  return document.visibilityState !== 'hidden'
}
