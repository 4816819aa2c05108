import { noChannel } from '../in-process/no-channel.ts'
import type { Channel, Degradation } from '../ports.ts'
import { broadcastChannel } from './broadcast-channel.ts'

/** `BroadcastChannel`, or silence where it is missing or denied; `report` hears that once, at the first use. */
export function availableChannel(report: (lacking: Degradation) => void): Channel {
  let channel: Channel | undefined
  const use = (): Channel => {
    if (channel) return channel
    try {
      new BroadcastChannel('tokenward').close()
      channel = broadcastChannel()
    } catch {
      channel = noChannel
      report('channel_unavailable')
    }
    return channel
  }
  return {
    post: (name, message) => use().post(name, message),
    subscribe: (name, listener) => use().subscribe(name, listener),
  }
}
