import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/ports.ts'
import type { Failure } from '../../src/session/failure.ts'
import { ID_LENGTH } from '../../src/session/record.ts'
import { random } from '../simulation/random.ts'
import { itInDevelopment } from '../support/sentences.ts'
import { json } from '../support/simulated-server.ts'
import { type World, world } from '../support/world.ts'

const down = () => new Response('down', { status: 503 })

/** A session whose access token has expired, and whose record says that a refresh failed. */
async function failed(failure: Partial<Failure> = {}) {
  const w = world()
  const page = await w.signedIn()
  await w.clock.advance(401_000)
  const written = { attempts: 5, delay: 60_000, beat: 'x', at: w.clock.now(), ...failure }
  await w.write((record) => ({ ...record, failure: written }))
  return { w, page }
}

/** What a call comes to in a context that is opened for it and then gone. */
async function once(w: World, ms = 100): Promise<string> {
  const { manager, crash } = await w.opened()
  const outcome = await w.after(
    ms,
    manager.getAccessToken().then(
      ({ value }) => value,
      ({ reason }: { reason: string }) => reason,
    ),
  )
  crash()
  return outcome
}

describe('a back-off that another context began', () => {
  it('RT-12: is over when the wall clock says so, and a new context waits for what is left of it', async () => {
    const { w } = await failed({ cause: { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'timeout' } })
    const began = w.clock.now()
    await w.clock.advance(45_000)
    const { manager } = await w.opened()
    await expect(w.after(0, manager.getAccessToken())).rejects.toMatchObject({
      ...{ reason: 'timeout', retryAt: began + 60_000 },
    })
    await w.clock.advance(14_900)
    expect(await once(w, 0)).toBe('timeout')
    expect(w.server.requests).toEqual([])
    await w.clock.advance(200)
    expect(await once(w)).toBe('at-2')
  })

  it('RT-12: is waited for by what the app itself asks for too, unless a person is needed', async () => {
    for (const personNeeded of [undefined, true]) {
      const { w, page } = await failed({ personNeeded })
      await w.clock.advance(31_000)
      const token = await w.after(
        100,
        page.manager.refresh().catch(() => undefined),
      )
      expect(token?.value).toBe(personNeeded && 'at-2')
    }
  })

  it('RT-12: a 500 at one program, and the next ones are not held up', async () => {
    const w = world()
    await w.signedIn()
    await w.clock.advance(301_000)
    w.server.before = () => new Response('', { status: 500 })
    expect(await once(w)).toBe('server_unavailable')
    w.server.before = () => {}
    await w.clock.advance(3_000)
    expect(await once(w)).toBe('at-2')
  })

  it('a clock that went back counts as passed', async () => {
    const { w } = await failed()
    w.clock.jump(-60_000)
    expect(await once(w)).toBe('at-2')
  })

  it('hosts whose clocks differ by a little do not take turns', async () => {
    const { w } = await failed()
    w.clock.jump(-5_000)
    expect(await once(w)).toBe('throttled')
  })

  async function lasting(failure: Partial<Failure>, lasts: number) {
    const { w, page } = await failed(failure)
    const token = async () =>
      w.after(
        100,
        page.manager.getAccessToken().catch(() => undefined),
      )
    if (lasts) expect(await token()).toBeUndefined()
    await w.clock.advance(lasts)
    expect((await token())?.value).toBe('at-2')
  }

  it.each([
    ['no time', { delay: -5 }, 0],
    ['until a time that is none', { at: Number.NaN, delay: 30_000 }, 0],
    ['in the words of an earlier version', { at: undefined, delay: 1_000 }, 1_000],
  ])('one that lasts %s holds nobody up for longer than an hour', (_, failure, lasts) => lasting(failure, lasts))

  itInDevelopment.each([
    ['for ever', { delay: Number.POSITIVE_INFINITY }],
    ['longer than any server may ask for', { delay: 1e15 }],
  ])('one that lasts %s holds nobody up for longer than an hour', (_, failure) => lasting(failure, 3_600_000))

  itInDevelopment('what a record that is no record of ours says of it is not believed', async () => {
    for (const failure of [{ cause: 7 }, { cause: { code: 'x' } }, { at: 'now' }, { personNeeded: 'yes' }]) {
      const { w } = await failed(failure as never)
      const { manager, told } = await w.opened()
      expect([manager.state.status, told]).toEqual(['signedOut', ['storage_corrupt']])
    }
  })
})

describe('one event for one failure', () => {
  const failures = ({ events }: { events: readonly { readonly type: string }[] }) =>
    events.filter(({ type }) => type === 'refresh_failed')

  it('ERR-06: not one for each call that hears of it, and one in a context that hears of it', async () => {
    const w = world()
    const [a, b] = [await w.signedIn(), await w.opened()]
    await w.clock.advance(301_000)
    w.server.before = down
    for (const { manager } of [a, a, b, a, b, b])
      await expect(w.after(50, manager.getAccessToken())).rejects.toMatchObject({ status: 503 })
    expect(failures(a)).toMatchObject([{ outcome: 'failed', reason: 'server_unavailable', status: 503 }])
    expect(failures(b)).toMatchObject([{ outcome: 'throttled', reason: 'server_unavailable', status: 503 }])
    await w.clock.advance(3_000)
    await expect(w.after(50, a.manager.getAccessToken())).rejects.toMatchObject({ status: 503 })
    expect(failures(a)).toHaveLength(2)
  })

  it('ERR-06: an unknown outcome is told once, however often somebody asks while the access token lasts', async () => {
    const w = world()
    const { manager, events } = await w.signedIn()
    w.server.before = () => {
      if (w.server.requests.length === 1) throw new TypeError('fetch failed')
      return json({ error: 'invalid_grant' }, 400)
    }
    for (let call = 0; call < 3; call++)
      await expect(w.after(3_000, manager.refresh())).rejects.toMatchObject({ reason: 'outcome_unknown' })
    expect(failures({ events })).toMatchObject([{ outcome: 'outcome_unknown' }])
  })
})

/** The store of one process of several, who know which of them are over. */
function ofProcess(store: Store<unknown>, own: string, over: ReadonlySet<string>): Store<unknown> {
  return { ...store, processes: { own, isOver: (name) => over.has(name) } }
}

describe('programs that live for one call', () => {
  it('the lease of a process that is over is dead at once, and leaves doubt', async () => {
    const w = world({ lock: 'none' })
    const over = new Set<string>()
    const first = await w.signedIn()
    const store = (name: string) => ofProcess(first.store, name, over)
    await w.clock.advance(301_000)
    const killed = await w.opened({ store: store('1') })
    w.server.before = () => new Promise(() => {})
    void killed.manager.getAccessToken()
    await w.clock.advance(100)
    killed.crash()
    w.server.before = () => {}
    const { manager } = await w.opened({ store: store('2') })
    const token = manager.getAccessToken()
    await w.clock.advance(900)
    expect([w.server.requests.length, (await w.record())?.lease?.owner.slice(ID_LENGTH)]).toEqual([1, '1'])
    over.add('1')
    await w.clock.advance(900)
    expect([w.server.requests.length, (await w.record())?.lease?.owner.slice(ID_LENGTH)]).toEqual([1, '2'])
    expect((await w.after(300, token)).value).toBe('at-2')
    expect((await w.record())?.doubt).toBeDefined()
  })

  it('RT-13: a doubt ends with a refresh that began long enough after it, though no program saw it age', async () => {
    const w = world()
    await w.signedIn()
    await w.clock.advance(301_000)
    w.server.before = () => {
      if (w.server.requests.length === 1) throw new TypeError('fetch failed')
    }
    expect(await once(w, 5_000)).toBe('at-2')
    expect((await w.record())?.doubt).toBeDefined()
    await w.clock.advance(301_000)
    expect(await once(w)).toBe('at-3')
    expect((await w.record())?.doubt).toBeUndefined()
  })

  it('RT-12: of 200 of them, with failures and kills between, none is in vain once the back-off is over', async () => {
    const w = world({ lock: 'none' })
    const over = new Set<string>()
    const first = await w.signedIn()
    const dice = random(7)
    w.server.rotate = false
    let vain = 0
    for (let run = 0; run < 200; run++) {
      await w.clock.advance(301_000 + dice.between(60_000, 600_000))
      const fails = dice.chance(0.3)
      const name = `${run}`
      w.server.before = fails ? () => (dice.chance(0.5) ? down() : new Promise(() => {})) : () => {}
      const { manager, crash } = await w.opened({ store: ofProcess(first.store, name, over) })
      const token = manager.getAccessToken()
      let outcome = 'none'
      token.then(
        () => (outcome = 'token'),
        () => (outcome = 'failure'),
      )
      await w.clock.advance(fails && dice.chance(0.3) ? dice.between(0, 2_000) : 40_000)
      crash()
      over.add(name)
      if (!fails && outcome !== 'token') vain++
    }
    expect(vain).toBe(0)
  })
})
