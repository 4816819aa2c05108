import type { Lifecycle } from '../ports.ts'
import { onPage } from './page-events.ts'

const types = ['online', 'visibilitychange', 'focus', 'pageshow', 'pagehide', 'freeze', 'resume']

/**
 * The life of this page: `visibilitychange`, the window's `focus`, `online`, freezing (Page Lifecycle) and the back/forward cache.
 * It listens to the page only while somebody listens to it. In a worker only `online` comes, and it counts as visible.
 */
export const pageLifecycle: Lifecycle = {
  isOnline: () => navigator.onLine,
  // A worker cannot be seen, and works all the same.
  isVisible: () => globalThis.document?.visibilityState !== 'hidden',
  subscribe: (listener) =>
    onPage(types, ({ type, persisted, target }) => {
      if (type === 'online') listener(type)
      else if (type === 'visibilitychange') listener(pageLifecycle.isVisible() ? 'visible' : 'hidden')
      // Of two windows side by side both are visible all the time. What gets the focus within a page says nothing.
      else if (type === 'focus') target instanceof Node || listener('visible')
      else if (type === 'pagehide' || type === 'freeze') listener('frozen')
      // Every page is shown once when it loads; only one that comes out of the back/forward cache was asleep.
      else if (type === 'resume' || persisted) listener('resumed')
    }),
}
