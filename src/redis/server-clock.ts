import { systemClock } from '../in-process/system-clock.ts'
import type { Clock, EpochMs } from '../ports.ts'

/** The machine's clock, whose wall clock shows the time of a server. */
export interface ServerClock {
  readonly clock: Clock
  /**
   * Takes the time from an answer of the server that has just come.
   * @param server what the server's clock showed
   * @param sent when the request was sent, on this machine's wall clock
   */
  learn(server: EpochMs, sent: EpochMs): void
}

/** Makes a clock that shows the machine's own time until it has got the server's. */
export function serverClock(): ServerClock {
  let offset = 0

  return {
    clock: { ...systemClock, now: () => systemClock.now() + offset },
    learn(server, sent) {
      // The server read its clock between `sent` and now. The offset is changed only if it does not fit into that time.
      const least = server - systemClock.now()
      const most = server - sent
      offset = Math.min(Math.max(offset, least), Math.max(least, most))
    },
  }
}
