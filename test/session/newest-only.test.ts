import { describe, expect, it } from 'vitest'
import type { SeenTokenRequest } from '../../src/testing/index.ts'
import { json } from '../support/simulated-server.ts'
import { type World, world } from '../support/world.ts'

/**
 * A server that keeps the newest refresh token of a grant, and takes the one it replaced once more (Cloudflare's workers-oauth-provider): whoever
 * presents that one gets a new one, and the newest of before is dead.
 */
function newestOnly(w: World) {
  let serial = 1
  let [newest, replaced] = ['rt-1', '']
  return ({ refreshToken = '' }: SeenTokenRequest) => {
    const isTaken = refreshToken === newest || refreshToken === replaced
    if (!isTaken) return json({ error: 'invalid_grant' }, 400)
    replaced = refreshToken
    newest = `rt-${++serial}`
    const tokens = { access_token: `at-${serial}`, refresh_token: newest }
    return json({ ...tokens, token_type: 'Bearer', expires_in: w.server.expiresIn })
  }
}

/** Two contexts; the first has sent the refresh token and stands still, the second has taken over. */
async function takenOver(arrives: 'in time' | 'late') {
  const w = world({ lock: 'none' })
  const [a, b] = [await w.signedIn(), await w.opened()]
  const answer = newestOnly(w)
  let arrive = () => {}
  const way = new Promise<void>((resolve) => {
    arrive = resolve
  })
  w.server.before = async (request) => {
    const isFirst = w.server.requests.length === 1
    if (isFirst && arrives === 'late') await way
    const answered = answer(request)
    if (isFirst) await way
    return answered
  }
  const slow = a.manager.refresh().catch((error) => error)
  await w.settle()
  a.freeze()
  expect((await w.after(20_000, b.manager.refresh())).value).toBe(arrives === 'late' ? 'at-2' : 'at-3')
  arrive()
  await w.settle()
  a.thaw()
  await w.clock.advance(1_000)
  return { w, a, b, slow }
}

const sent = (w: World) => w.server.requests.map(({ refreshToken }) => refreshToken)

describe('a server with one living refresh token, and a holder that slept after it had sent', () => {
  it('RT-10: a late answer to the earlier request is the dead one: it is dropped, and the session goes on', async () => {
    const { w, a, b, slow } = await takenOver('in time')
    expect((await slow).value).toBe('at-3')
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-3' })
    expect((await w.after(1_000, b.manager.refresh())).value).toBe('at-4')
    expect(sent(w)).toEqual(['rt-1', 'rt-1', 'rt-3'])
    expect(a.manager.state).toMatchObject({ status: 'signedIn', health: 'ok' })
    expect(w.server.revoked).toEqual([])
  })

  // Nobody can tell from the answers in which order the requests arrived; that the earlier one comes last is the rarer case by far.
  it('RT-10: where the earlier request arrives last, the session lives as long as its access token, and says why it ends', async () => {
    const { w, b } = await takenOver('late')
    expect(await w.record()).toMatchObject({ refreshToken: 'rt-2' })
    await expect(w.after(1_000, b.manager.refresh())).rejects.toMatchObject({ reason: 'outcome_unknown' })
    expect(b.manager.state).toMatchObject({ status: 'signedIn', health: 'sign_in_suggested' })
    expect((await w.after(0, b.manager.getAccessToken())).value).toBe('at-2')
    await w.clock.advance(301_000)
    await expect(w.after(1_000, b.manager.getAccessToken())).rejects.toMatchObject({ reason: 'outcome_unknown' })
    expect(w.server.revoked).toEqual([])
  })
})
