import type { Channel } from '../ports.ts'

/** A channel nobody else listens to. */
export const noChannel: Channel = {
  post() {},
  subscribe: () => () => {},
}
