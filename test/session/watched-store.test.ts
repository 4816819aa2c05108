import { describe, expect, it } from 'vitest'
import { noChannel } from '../../src/in-process/no-channel.ts'
import { type FaultyStore, faultyStore } from '../support/faulty-store.ts'
import { type WatchableStore, watchedStorage } from '../support/watched-storage.ts'
import { world } from '../support/world.ts'

/** Below what passes between two looks at the record, ms. */
const AT_ONCE = 20

type Watchable = FaultyStore<unknown> & Pick<WatchableStore, 'watch'>

/** Two processes without lock and channel; the token of both has expired, and the first one has asked for the next. */
async function waiting() {
  const w = world({ lock: 'none' })
  const storage = watchedStorage()
  const { watch } = storage.store
  /** The storage as one process has it, whose reads can be held up. */
  const asSeen = (): Watchable => Object.assign(faultyStore(storage.store), { watch })
  const [own, others] = [asSeen(), asSeen()]
  const a = await w.signedIn({ store: own, channel: noChannel })
  const b = await w.opened({ store: others, channel: noChannel })
  await w.clock.advance(301_000)
  const answer = w.hold()
  const asked = a.manager.getAccessToken()
  await w.settle()
  return { w, storage, a, b, asked, answer, store: others }
}

/** The next read is answered only once this is called, with what was there when it was asked. */
function holdNextRead(store: Watchable): () => void {
  const { get } = store
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  store.get = async (key) => {
    store.get = get
    const row = await get(key)
    await answered
    return row
  }
  return answer
}

describe('a store that tells of changes', () => {
  it('wakes who waits for another process, as soon as that is done', async () => {
    const { w, b, answer, asked } = await waiting()
    const token = b.manager.getAccessToken()
    await w.clock.advance(350)
    answer()
    expect((await w.after(AT_ONCE, token)).value).toBe('at-2')
    expect((await asked).value).toBe('at-2')
    expect(w.server.requests).toHaveLength(1)
  })

  it('is watched by those who wait, for as long as they do, and by nobody else', async () => {
    const { w, a, b, storage, answer, asked } = await waiting()
    expect(storage.watchers.size).toBe(0)
    const token = b.manager.getAccessToken()
    await w.clock.advance(700)
    expect(storage.watchers.size).toBe(1)
    answer()
    await w.after(AT_ONCE, Promise.all([token, asked]))
    expect(storage.watchers.size).toBe(0)
    await b.manager.refresh()
    await w.clock.advance(0)
    expect([storage.watchers.size, w.server.requests.length]).toEqual([0, 2])
    for (const { manager } of [a, b]) manager.dispose()
  })

  it('misses nothing that changes between the read and the watch', async () => {
    const { w, b, answer, store } = await waiting()
    const token = b.manager.getAccessToken()
    await w.clock.advance(150)
    // The next look at the record sees the lease of the other one, and ends when that has long been done.
    const goOn = holdNextRead(store)
    await w.clock.advance(100)
    answer()
    await w.clock.advance(10)
    goOn()
    expect((await w.after(AT_ONCE, token)).value).toBe('at-2')
  })

  it('is looked at now and then all the same, for it may tell nothing', async () => {
    const { w, b, answer, storage } = await waiting()
    const token = b.manager.getAccessToken()
    await w.clock.advance(350)
    expect(storage.watchers.size).toBe(1)
    storage.watchers.clear()
    answer()
    expect((await w.after(250, token)).value).toBe('at-2')
  })
})
