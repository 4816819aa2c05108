import { describe, expect, it } from 'vitest'
import type { Lock, SwapOptions } from '../../src/ports.ts'
import { targetKey } from '../../src/session/target-key.ts'
import { type Context, type World, world } from '../support/world.ts'

/** A page whose access token has expired. */
async function expired(options?: Parameters<typeof world>[0], managerOptions?: Parameters<World['signedIn']>[0]) {
  const w = world(options)
  const page = await w.signedIn(managerOptions)
  await w.clock.advance(301_000)
  return { w, page }
}

/** Lets `meanwhile` happen between the read that found nothing in the way and the write of the claim. */
function beforeTheClaim({ store }: Context, meanwhile: () => Promise<void>) {
  const { swap } = store
  store.swap = async (...args) => {
    store.swap = swap
    await meanwhile()
    return swap(...args)
  }
}

const fresh = (w: World, value: string) => ({
  [targetKey({})]: {
    value,
    type: 'Bearer',
    obtainedAt: w.clock.now(),
    expiresAt: w.clock.now() + 900_000,
    scope: 'notes',
  },
})

describe('a claim is made only on what the reader saw', () => {
  it('signed out just before: nothing is claimed and nothing is sent', async () => {
    const { w, page } = await expired({ lock: 'none' })
    beforeTheClaim(page, () => w.write((record) => ({ ...record, signedOut: { at: 1, reason: 'signed_out' } })))
    await expect(w.after(5_000, page.manager.getAccessToken())).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect(w.server.requests).toEqual([])
    expect((await w.record())?.lease).toBeUndefined()
  })

  it('another grant just before: its refresh token is not sent for this one', async () => {
    const { w, page } = await expired({ lock: 'none' })
    beforeTheClaim(page, () => w.write((record) => ({ ...record, grantId: 'other', refreshToken: 'rt-other' })))
    await expect(w.after(5_000, page.manager.getAccessToken())).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect(w.server.requests).toEqual([])
    expect((await w.record())?.lease).toBeUndefined()
  })

  it('a newer generation just before: its token is taken, and nothing is claimed', async () => {
    const { w, page } = await expired({ lock: 'none' })
    beforeTheClaim(page, () =>
      w.write((record) => ({ ...record, generation: 2, refreshToken: 'rt-9', accessTokens: fresh(w, 'at-9') })),
    )
    expect((await w.after(5_000, page.manager.getAccessToken())).value).toBe('at-9')
    expect(w.server.requests).toEqual([])
    expect((await w.record())?.lease).toBeUndefined()
  })

  it('lost with the storage just before: it is written back, and refreshed all the same', async () => {
    const { w, page } = await expired({ lock: 'none' })
    beforeTheClaim(page, () => w.write(() => undefined))
    expect((await w.after(5_000, page.manager.getAccessToken())).value).toBe('at-2')
  })

  it('the refresh token given up just before: nothing is sent', async () => {
    const { w, page } = await expired({ lock: 'none' })
    beforeTheClaim(page, () => w.write((record) => ({ ...record, refreshToken: undefined, doubt: 'x' })))
    await expect(w.after(5_000, page.manager.getAccessToken())).rejects.toMatchObject({ reason: 'outcome_unknown' })
    expect(w.server.requests).toEqual([])
  })

  it('another context failed just before: its back-off is kept', async () => {
    const { w, page } = await expired({ lock: 'none' })
    beforeTheClaim(page, () => w.write((record) => ({ ...record, failure: { attempts: 1, delay: 60_000, beat: 'x' } })))
    await expect(w.after(5_000, page.manager.getAccessToken())).rejects.toMatchObject({ reason: 'throttled' })
    expect(w.server.requests).toEqual([])
    expect((await w.record())?.lease).toBeUndefined()
  })

  it('it may be lost in a crash of the machine, what the server answered may not', async () => {
    const { w, page } = await expired()
    const { swap } = page.store
    const written: (SwapOptions['durability'] | undefined)[] = []
    page.store.swap = (key, tag, value, options) => {
      written.push(options?.durability)
      return swap(key, tag, value, options)
    }
    await w.after(1_000, page.manager.getAccessToken())
    expect(written).toEqual(['relaxed', undefined])
  })
})

describe('a claim on a dead lease', () => {
  /** A page that has claimed a dead lease and waits its second. */
  async function waiting() {
    const { w, page } = await expired()
    await w.write((record) => ({ ...record, lease: { owner: 'dead', beat: 0, locked: true } }))
    const token = page.manager.getAccessToken()
    await w.clock.advance(500)
    const { lease, doubt } = (await w.record()) ?? {}
    expect(doubt).toBe(lease?.owner)
    expect(doubt).not.toBe('dead')
    return { w, page, token, owner: lease?.owner }
  }

  it('it is this very claim that is sent after the wait', async () => {
    const { w, token, owner } = await waiting()
    let sender: string | undefined
    w.server.before = async () => {
      sender = (await w.record())?.lease?.owner
    }
    expect((await w.after(1_000, token)).value).toBe('at-2')
    expect(sender).toBe(owner)
  })

  it('another context that claimed meanwhile is waited for', async () => {
    const { w, token } = await waiting()
    await w.write((record) => ({ ...record, lease: { owner: 'other', beat: 0, locked: false } }))
    await w.clock.advance(10_000)
    expect(w.server.requests).toEqual([])
    expect((await w.record())?.lease?.owner).toBe('other')
    expect((await w.after(6_000, token)).value).toBe('at-2')
  })

  it('whose lease was taken away meanwhile claims again', async () => {
    const { w, token, owner } = await waiting()
    await w.write((record) => ({ ...record, lease: undefined }))
    let sender: string | undefined
    w.server.before = async () => {
      sender = (await w.record())?.lease?.owner
    }
    expect((await w.after(1_000, token)).value).toBe('at-2')
    expect(sender).not.toBe(owner)
  })

  it('whose record was lost meanwhile goes on with what it writes back', async () => {
    const { w, token } = await waiting()
    await w.write(() => undefined)
    expect((await w.after(2_000, token)).value).toBe('at-2')
  })

  it('a sender that was only slow and commits meanwhile is believed, and leaves no lease', async () => {
    const { w, token } = await waiting()
    await w.write((record) => ({ ...record, generation: 2, refreshToken: 'rt-9', accessTokens: fresh(w, 'at-9') }))
    expect((await w.after(1_000, token)).value).toBe('at-9')
    expect(w.server.requests).toEqual([])
    expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-9' })
    expect((await w.record())?.lease).toBeUndefined()
  })
})

describe('a lock that is stolen', () => {
  /** Grants at once, and takes the lock away at `steal()`. */
  function stealable(): Lock & { steal: () => Promise<void> } {
    let take = () => {}
    return {
      spans: 'store',
      request: (name, _, run) =>
        name.endsWith('.outbox')
          ? run()
          : new Promise((resolve, reject) => {
              take = () => reject(new DOMException('stolen', 'AbortError'))
              run().then(resolve, reject)
            }),
      steal: async () => take(),
    }
  }

  it('while its request is under way: the lease says so, with the same claim and a beat more', async () => {
    const lock = stealable()
    const { w, page } = await expired({}, { lock })
    const open = w.hold()
    const token = page.manager.getAccessToken()
    await w.clock.advance(100)
    const before = (await w.record())?.lease
    expect(before).toMatchObject({ beat: 0, locked: true })
    await lock.steal()
    await w.settle()
    expect((await w.record())?.lease).toEqual({ ...before, beat: 1, locked: false })
    // The thief holds the lock, and yet finds no lease that is dead.
    const thief = (await w.opened({ lock: stealable() })).manager.getAccessToken()
    await w.clock.advance(5_000)
    expect(w.server.requests).toHaveLength(1)
    open()
    expect((await w.after(500, token)).value).toBe('at-2')
    expect((await w.after(500, thief)).value).toBe('at-2')
    expect(w.server.requests).toHaveLength(1)
  })

  it('whoever took the lease over meanwhile is told that its sender lives, and does not send', async () => {
    const lock = stealable()
    const { w, page } = await expired({}, { lock })
    const open = w.hold()
    const token = page.manager.getAccessToken()
    await w.clock.advance(100)
    const owner = (await w.record())?.lease?.owner
    const thief = (await w.opened({ lock: stealable() })).manager.getAccessToken()
    await w.clock.advance(500)
    expect((await w.record())?.lease?.owner).not.toBe(owner)
    await lock.steal()
    await w.settle()
    expect((await w.record())?.lease).toMatchObject({ owner, locked: false })
    await w.clock.advance(3_000)
    expect(w.server.requests).toHaveLength(1)
    open()
    expect((await w.after(500, token)).value).toBe('at-2')
    expect((await w.after(500, thief)).value).toBe('at-2')
  })

  it('before there is a claim: what is claimed next is not under the lock', async () => {
    const lock = stealable()
    const { w, page } = await expired({}, { lock })
    let discover = () => {}
    w.server.onDiscovery = () => new Promise((resolve) => (discover = resolve))
    const token = page.manager.getAccessToken()
    await w.clock.advance(100)
    await lock.steal()
    await w.settle()
    expect((await w.record())?.lease).toBeUndefined()
    const open = w.hold()
    discover()
    await w.clock.advance(100)
    expect((await w.record())?.lease).toMatchObject({ locked: false })
    open()
    expect((await w.after(500, token)).value).toBe('at-2')
  })

  it('when the record has moved on, nothing of the old claim is written into it', async () => {
    for (const moved of ['a grant', 'no lease', 'nothing'] as const) {
      const lock = stealable()
      const { w, page } = await expired({}, { lock })
      const open = w.hold()
      page.manager.getAccessToken().catch(() => {})
      await w.clock.advance(100)
      const lease = moved === 'no lease' ? undefined : { owner: 'other', beat: 5, locked: true }
      await w.write((record) => ({
        ...record,
        ...(moved === 'a grant' && { grantId: 'other' }),
        lease,
      }))
      if (moved === 'nothing') await w.write(() => undefined)
      await lock.steal()
      await w.settle()
      if (moved === 'nothing') expect((await w.record())?.lease).toBeUndefined()
      else expect([moved, (await w.record())?.lease]).toEqual([moved, lease])
      open()
      await w.clock.advance(20_000)
    }
  })
})

it('a refused refresh of which another context has the successor releases its lease and takes nothing else away', async () => {
  const { w, page } = await expired({ lock: 'none' })
  w.server.before = async () => {
    await w.write((record) => ({ ...record, generation: 2, refreshToken: 'rt-9', accessTokens: fresh(w, 'at-9') }))
    return new Response('{"error":"invalid_grant"}', { status: 400, headers: { 'content-type': 'application/json' } })
  }
  expect((await w.after(1_000, page.manager.getAccessToken())).value).toBe('at-9')
  expect(await w.record()).toMatchObject({ generation: 2, refreshToken: 'rt-9' })
  expect((await w.record())?.lease).toBeUndefined()
  expect((await w.record())?.signedOut).toBeUndefined()
})
