import { describe, expect, it } from 'vitest'
import { world } from '../support/world.ts'

describe('refreshOnce', () => {
  it('RT-03 COO-01: one token request for any number of callers in any number of contexts', async () => {
    const w = world()
    const first = await w.signedIn()
    const contexts = [first, ...Array.from({ length: 7 }, () => w.context())]
    for (const { manager } of contexts) expect((await manager.ready()).status).toBe('signedIn')
    await w.clock.advance(301_000)
    const calls = contexts.flatMap(({ manager }) => Array.from({ length: 25 }, () => manager.getAccessToken()))
    const all = Promise.all(calls)
    await w.clock.advance(5_000)
    const values = new Set((await all).map(({ value }) => value))
    expect(values.size).toBe(1)
    expect(w.server.requests).toHaveLength(1)
    expect(w.server.reuse).toBe(0)
  })

  it('signs out everywhere', async () => {
    const w = world()
    const a = await w.signedIn()
    const b = w.context()
    await b.manager.ready()
    const report = await a.manager.signOut()
    expect(report.local).toBe('removed')
    expect(await report.revoked).toBe('revoked')
    await w.settle()
    expect(b.manager.state).toMatchObject({ status: 'signedOut', reason: 'signed_out_elsewhere' })
    await expect(b.manager.getAccessToken()).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    expect(w.server.revoked.map((r) => r.token)).toEqual(['rt-1', 'at-1'])
  })
})
