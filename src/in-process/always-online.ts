import type { Lifecycle } from '../ports.ts'

/** The life of a process that is always awake, watched and presumed online. */
export const alwaysOnline: Lifecycle = {
  isOnline: () => true,
  isVisible: () => true,
  subscribe: () => () => {},
}
