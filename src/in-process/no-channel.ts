import type { Channel } from '../ports.ts'

/** A channel for platforms on which there are no other contexts. */
export const noChannel: Channel = {
  post() {},
  subscribe: () => () => {},
}
