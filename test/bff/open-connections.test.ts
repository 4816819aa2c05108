import { expect, it } from 'vitest'
import type { BffSettings } from '../../src/bff/bff-settings.ts'
import { bindConnection } from '../../src/bff/open-connections.ts'
import type { SessionState } from '../../src/session/state.ts'
import { manualClock } from '../support/manual-clock.ts'

it('a connection whose session ended while it was being opened hears of that, and leaves nothing behind', async () => {
  const over: SessionState = { status: 'signedOut', reason: 'signed_out' }
  const clock = manualClock()
  const bound = new Set<string>()
  const hold = (name: string) => {
    bound.add(name)
    return () => void bound.delete(name)
  }
  const tokens = {
    subscribe(listener: (state: SessionState) => void) {
      listener(over)
      return hold('listener')
    },
  }
  const sessions = {
    async use(_: string, work: () => Promise<void>) {
      const release = hold('use')
      await work()
      release()
    },
    get: () => tokens,
    check: async () => ({ state: over }),
  }
  const settings: object = { sessions, clock, countConnection: () => hold('count') }
  const heard: SessionState[] = []
  bindConnection('alice', settings as BffSettings, { changed: ({ state }) => heard.push(state) })
  expect(heard).toEqual([over])
  await expect.poll(() => [...bound]).toEqual([])
  expect(clock.pending).toBe(0)
})
