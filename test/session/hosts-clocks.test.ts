import { describe, expect, it } from 'vitest'
import { alwaysOnline, createTokenManager, noChannel, queueLock, type Store, webCrypto } from '../../src/index.ts'
import { manualClock, memoryStore, scriptedAuthorizationServer } from '../../src/testing/index.ts'

const HOUR = 3_600_000

/** Hosts whose clocks are wrong by as much, on one storage that has a clock of its own. */
function hosts(...skews: number[]) {
  const clock = manualClock()
  const server = scriptedAuthorizationServer(clock.now)
  const rows = memoryStore<unknown>()
  const managers = skews.map((skew) => {
    // One object for each: managers on the same one share what is in memory, as in one process.
    const store: Store<unknown> = { ...rows, clock }
    return createTokenManager(
      { issuer: server.issuer, clientId: 'fleet', store },
      {
        ...{ store: memoryStore(), lock: queueLock(), channel: noChannel, lifecycle: alwaysOnline, crypto: webCrypto },
        ...{ clock: { ...clock, now: () => clock.now() + skew }, fetch: server.fetch },
      },
    )
  })
  return { clock, server, managers }
}

describe('hosts whose clocks differ by hours', () => {
  it.each([
    [0, 2 * HOUR, -2 * HOUR],
    [-2 * HOUR, 0, 2 * HOUR],
    [2 * HOUR, -2 * HOUR, 0],
  ])('RT-08: go by the clock of their storage (%i, %i, %i ms)', async (...skews) => {
    const { clock, server, managers } = hosts(...skews)
    const [first] = managers
    await first!.adopt({ ...server.issue(), expiresAt: clock.now() + 300_000 })
    for (const manager of managers) expect((await manager.getAccessToken()).value).toBe('at-1')
    await clock.advance(305_000)
    for (const manager of managers) expect((await manager.getAccessToken()).value).toBe('at-2')
    expect(server.requests).toHaveLength(1)
  })
})
