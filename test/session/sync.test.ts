import { describe, expect, it } from 'vitest'
import { world } from '../support/world.ts'

describe('telling the others', () => {
  it('COO-11: messages say that something changed, and nothing else, through every flow', async () => {
    const w = world({ word: 'secret-' })
    w.server.subject = 'alice'
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.after(100, a.manager.refresh({ reason: 'password' }))
    await w.clock.advance(301_000)
    await w.after(100, b.manager.getAccessToken())
    await w.after(100, a.manager.signOut())
    await w.after(100, a.manager.adopt({ accessToken: 'secret-x' }))
    expect(w.hub.posted.length).toBeGreaterThan(3)
    for (const { name, message } of w.hub.posted) {
      expect(message).toEqual({ version: 1, type: 'changed' })
      expect(name).toMatch(/^tokenward\.[\w-]{22}$/)
    }
  })

  it('COO-11: forged messages of any shape change nothing: the store decides', async () => {
    const w = world()
    const { manager } = await w.signedIn()
    const forger = w.hub.context()
    const { state } = manager
    const name = w.hub.posted[0]!.name
    const forged = [
      ...[
        null,
        undefined,
        7,
        'signed_out',
        [],
        {},
        { type: 'changed' },
        { version: '1', type: 'changed' },
        { version: 1 },
      ],
      ...[
        { version: 1, type: 'signed_out' },
        { version: 1, type: 'changed', record: { grantId: 'x' } },
        { version: 99, type: 'changed' },
      ],
    ]
    for (const message of forged) forger.post(name, message)
    await w.settle()
    expect(manager.state).toBe(state)
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-1')
    expect(w.server.requests).toHaveLength(0)
  })

  it('COO-11: what is no message of ours costs no read, and a read that fails is told and tried again', async () => {
    const w = world()
    const { manager, store, events } = await w.signedIn()
    const forger = w.hub.context()
    const name = w.hub.posted[0]!.name
    const [get, before] = [store.get, store.count.get]
    for (const message of [null, 7, 'changed', {}, { type: 'changed' }, { version: 1 }, { version: 1, type: 'other' }])
      forger.post(name, message)
    await w.settle()
    expect(store.count.get).toBe(before)
    store.get = () => Promise.reject(new Error('gone'))
    forger.post(name, { version: 2, type: 'changed' })
    await w.settle()
    expect(events.filter(({ type }) => type === 'store_failed')).toMatchObject([{ during: 'read' }])
    store.get = get
    forger.post(name, { version: 1, type: 'changed' })
    await w.settle()
    expect(store.count.get).toBeGreaterThan(before)
    expect((await w.after(0, manager.getAccessToken())).value).toBe('at-1')
  })

  it('COO-11: a flood of messages costs one read at a time, and at most one more', async () => {
    const w = world()
    const { manager, store } = await w.signedIn()
    const forger = w.hub.context()
    const name = w.hub.posted[0]!.name
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    let [reading, most] = [0, 0]
    const get = store.get
    store.get = async (key) => {
      most = Math.max(most, ++reading)
      for (let turns = 0; turns < 10; turns++) await turn()
      reading--
      return get(key)
    }
    const before = store.count.get
    for (let message = 0; message < 10_000; message++) forger.post(name, { version: 1, type: 'changed' })
    for (let message = 0; message < 200; message++) {
      forger.post(name, { version: 1, type: 'changed' })
      await turn()
    }
    for (let turns = 0; turns < 30; turns++) await turn()
    expect(most).toBe(1)
    expect(store.count.get - before).toBeLessThanOrEqual(23)
    expect((await w.after(100, manager.getAccessToken())).value).toBe('at-1')
  })

  it('from a message on, nothing in memory is used before the record was read again', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    b.store.delay = () => opened
    await w.after(100, a.manager.signOut())
    const token = b.manager.getAccessToken()
    token.catch(() => {})
    await w.settle()
    expect(b.manager.state.status).toBe('signedIn')
    open()
    await expect(w.after(100, token)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
  })

  it('messages that are late, repeated or out of order do no harm', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    w.hub.mode = 'hold'
    await w.after(100, a.manager.refresh())
    await w.after(100, a.manager.signOut())
    await w.after(100, a.manager.adopt({ accessToken: 'bob-at' }))
    w.hub.mode = 'deliver'
    await w.hub.release()
    await w.hub.release()
    await w.settle()
    for (const { manager } of [a, b]) expect((await w.after(100, manager.getAccessToken())).value).toBe('bob-at')
  })

  it('what was read before something changed, and comes later than a newer read, changes nothing', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    let open = () => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const get = a.store.get
    a.store.get = async (key) => {
      const found = await get(key)
      await opened
      return found
    }
    // It looks whether something waits for its revocation, and hangs with what it saw.
    a.lifecycle.setOnline(true)
    await w.settle()
    a.store.get = get
    await w.after(100, b.manager.adopt({ accessToken: 'bob-at', expiresAt: w.clock.now() + 9e5 }))
    await w.settle()
    expect((await w.after(0, a.manager.getAccessToken())).value).toBe('bob-at')
    open()
    await w.settle()
    expect((await w.after(0, a.manager.getAccessToken())).value).toBe('bob-at')
  })

  it('without any channel, a session that begins or ends elsewhere is seen on the next use', async () => {
    const w = world()
    w.hub.mode = 'drop'
    const [a, b] = [await w.opened(), await w.opened()]
    const { accessToken, refreshToken } = w.server.issue()
    await w.after(100, a.manager.adopt({ accessToken, refreshToken, expiresAt: w.clock.now() + 300_000 }))
    await w.clock.advance(5_001)
    expect((await w.after(100, b.manager.getAccessToken())).value).toBe('at-1')
    await w.after(100, b.manager.refresh())
    await w.clock.advance(5_001)
    expect((await w.after(100, a.manager.getAccessToken())).value).toBe('at-2')
    await w.after(100, a.manager.signOut())
    b.lifecycle.resume()
    await expect(w.after(100, b.manager.getAccessToken())).rejects.toMatchObject({ reason: 'signed_out_elsewhere' })
  })
})
