import type { Phone } from './phone.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What the shell of an engine lends: a line of output, and turns of its event loop. */
export interface Shell {
  print(line: string): void
  turn(run: () => void): void
}

/** What the app under test cannot see, and its test can. */
export interface Realm {
  readonly shell: Shell
  readonly time: VirtualTime
  readonly phone: Phone
}

/** The one that the host has made. */
export function realm(): Realm {
  return (globalThis as unknown as { realm: Realm }).realm
}
