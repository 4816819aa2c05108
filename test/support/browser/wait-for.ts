import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until `done()`, and says when that was. */
export async function waitFor(done: () => boolean, limit = 60_000): Promise<number> {
  for (const end = performance.now() + limit; !done(); await sleep(5)) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${done}`)
  }
  return performance.now()
}
