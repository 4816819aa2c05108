import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { type BrowserWorld, browserWorld, type Profile } from './browser-world.ts'

/** What the tests of this file share. */
export let world: BrowserWorld
/** What the present test has of its own. */
export let profile: Profile

/** Starts a world for the tests of this file, with a new profile for each of them. */
export function useBrowserWorld(options?: Parameters<typeof browserWorld>[0]): void {
  beforeAll(async () => {
    world = await browserWorld(options)
  })
  afterAll(() => world?.stop())
  beforeEach(async () => {
    profile = await world.profile()
    world.reset()
  })
  afterEach(() => profile.close())
}
