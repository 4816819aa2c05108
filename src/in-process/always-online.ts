import type { Lifecycle } from '../ports.ts'

/** The lifecycle of a process that never sleeps. It counts as visible and as online. */
export const alwaysOnline: Lifecycle = {
  isOnline: () => true,
  isVisible: () => true,
  subscribe: () => () => {},
}
