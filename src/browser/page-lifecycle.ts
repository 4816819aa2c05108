import type { Lifecycle } from '../ports.ts'
import { onPage } from './page-events.ts'

const types = ['online', 'visibilitychange', 'focus', 'pageshow', 'pagehide', 'freeze', 'resume']

/**
 * The lifecycle of this page: visibility, focus of the window, network, freezing (Page Lifecycle) and the back/forward cache. It adds listeners to
 * the page only while it has listeners itself. In a worker there is only `online`, and the worker counts as visible.
 */
export const pageLifecycle: Lifecycle = {
  isOnline: () => navigator.onLine,
  // A worker has no document. It counts as visible, so that it refreshes.
  isVisible: () => globalThis.document?.visibilityState !== 'hidden',
  subscribe: (listener) =>
    onPage(types, ({ type, persisted, target }) => {
      if (type === 'online') listener(type)
      else if (type === 'visibilitychange') listener(pageLifecycle.isVisible() ? 'visible' : 'hidden')
      // The focus of the window counts, because of two windows side by side both stay visible. The focus of an element does not.
      else if (type === 'focus') target instanceof Node || listener('visible')
      else if (type === 'pagehide' || type === 'freeze') listener('frozen')
      // `persisted`: the page comes out of the back/forward cache. When a page is loaded, it is false.
      else if (type === 'resume' || persisted) listener('resumed')
    }),
}
