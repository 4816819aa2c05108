import { systemClock } from '../in-process/system-clock.ts'
import type { Clock, EpochMs } from '../ports.ts'

/** The machine's clock, with the wall clock of a server. */
export interface ServerClock {
  readonly clock: Clock
  /**
   * Learns from one answer.
   * @param server what the server's clock said
   * @param sent when it was asked, on this machine's wall clock; the answer has just come
   */
  learn(server: EpochMs, sent: EpochMs): void
}

/** The machine's own until something was learnt. */
export function serverClock(): ServerClock {
  let offset = 0
  return {
    clock: { ...systemClock, now: () => systemClock.now() + offset },
    learn(server, sent) {
      // The server looked at its clock somewhere between: nothing is changed that the answer does not contradict.
      const least = server - systemClock.now()
      const most = server - sent
      offset = Math.min(Math.max(offset, least), Math.max(least, most))
    },
  }
}
