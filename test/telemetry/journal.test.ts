import { describe, expect, it, vi } from 'vitest'
import type { Store } from '../../src/index.ts'
import { describeEntry, explainSignOut, type JournalEntry, journal } from '../../src/telemetry/index.ts'
import { createTestTokenManager, memoryStore } from '../../src/testing/index.ts'
import { canary } from '../support/canary.ts'
import { world } from '../support/world.ts'

const settled = () => new Promise((resolve) => setTimeout(resolve))
const typesOf = (entries: readonly JournalEntry[]) => entries.map(({ type }) => type)
const clock = { now: () => Date.UTC(2026, 0, 1) }

describe('journal', () => {
  it('keeps what happened in every tab over reloads', async () => {
    const store = memoryStore<unknown>()
    const [first, second] = [createTestTokenManager(), createTestTokenManager()]
    const before = [journal(first, { store, clock }), journal(second, { store, clock })]
    await first.refresh()
    second.emit('adopted', {})
    await settled()
    for (const each of before) each.stop()

    const after = journal(createTestTokenManager(), { store, clock })
    const entries = await after.entries()
    expect(typesOf(entries).sort()).toEqual(['adopted', 'opened', 'opened', 'opened', 'refreshed'])
    expect(new Set(entries.map(({ context }) => context)).size).toBe(3)
    expect(entries.find(({ type }) => type === 'refreshed')).toMatchObject({ duration: 0, attempt: 1 })
  })

  it.each([
    ['in memory', undefined],
    ['in a store', memoryStore<unknown>()],
  ])('keeps the last 200 %s, whatever happens', async (_, store) => {
    const manager = createTestTokenManager()
    const kept = journal(manager, { clock, ...(store && { store }) })
    for (let by = 0; by < 300; by++) {
      manager.emit('clock_jumped', { by })
      if (by % 50 === 0) await settled()
    }
    await settled()
    const entries = await kept.entries()
    expect(entries.length).toBe(200)
    expect(entries.map(({ by }) => by)).toEqual(Array.from({ length: 200 }, (_, index) => index + 100))
  })

  it('loses nothing when tabs write at the same time', async () => {
    const store = memoryStore<unknown>()
    const managers = Array.from({ length: 8 }, () => createTestTokenManager())
    const journals = managers.map((manager) => journal(manager, { store, clock }))
    for (const manager of managers) manager.emit('adopted', {})
    await settled()
    for (const manager of managers) manager.emit('waited', { duration: 1 })
    await settled()
    expect((await journals[0]?.entries())?.length).toBe(24)
  })

  it('goes on in memory when the store refuses, and writes later', async () => {
    const store = memoryStore<unknown>()
    const manager = createTestTokenManager()
    const kept = journal(manager, { store, clock })
    await settled()
    const refuse = vi.spyOn(store, 'get').mockRejectedValue(new Error('full'))
    manager.emit('adopted', {})
    await settled()
    expect(typesOf(await kept.entries())).toEqual(['adopted'])

    refuse.mockRestore()
    manager.emit('waited', { duration: 1 })
    await settled()
    expect(typesOf(await kept.entries())).toEqual(['opened', 'adopted', 'waited'])
  })

  it.each([[null], ['text'], [{ entries: 'none' }], [{ entries: [1, null, { at: 'x' }, { at: 1, type: 'a' }] }]])(
    'takes nothing from a store that holds %j',
    async (value) => {
      const store: Store<unknown> = memoryStore()
      await store.swap('tokenward.journal', undefined, value)
      expect(typesOf(await journal(createTestTokenManager(), { store, clock }).entries())).toEqual(['opened'])
    },
  )

  it('forgets what it is told to, and ends when it is told to', async () => {
    const store = memoryStore<unknown>()
    const manager = createTestTokenManager()
    const kept = journal(manager, { store, clock })
    const heard: string[] = []
    const stop = kept.subscribe(({ type }) => heard.push(type))
    await settled()
    await kept.clear()
    expect(await kept.entries()).toEqual([])
    expect(await store.get('tokenward.journal')).toBeUndefined()

    manager.emit('adopted', {})
    await settled()
    stop()
    kept.stop()
    manager.emit('waited', { duration: 1 })
    await settled()
    expect(typesOf(await kept.entries())).toEqual(['adopted'])
    expect(heard).toEqual(['adopted'])
  })

  it('notes a session that is found ended', async () => {
    const manager = createTestTokenManager({ state: 'loading' })
    const kept = journal(manager, { clock })
    manager.set({ status: 'signedOut', reason: 'max_age' })
    await settled()
    const entries = await kept.entries()
    expect(typesOf(entries)).toEqual(['opened', 'signed_out'])
    expect(explainSignOut(entries)).toMatchObject({ reason: 'max_age', by: 'limit' })
  })

  it('keeps nobody’s name', async () => {
    const manager = createTestTokenManager()
    const kept = journal(manager, { clock })
    manager.emit('signed_in', { subject: 'ann' })
    await settled()
    const entry = (await kept.entries()).at(-1)
    expect(entry).toEqual({ at: expect.any(Number), type: 'signed_in', context: kept.context })
  })

  it('keeps no text that is long, and none that a terminal would obey', async () => {
    const manager = createTestTokenManager()
    const kept = journal(manager, { clock })
    manager.emit('refreshing', { reason: `\u001b[31m${'x'.repeat(100)}` })
    await settled()
    expect((await kept.entries()).at(-1)?.reason).toBe(`?[31m${'x'.repeat(59)}`)
  })

  it('ERR-01: holds no secret and no person, whatever the servers do', async () => {
    const word = 'kanarienvogel-'
    const w = world({ word })
    w.server.subject = `${word}alice`
    const bird = canary(word)
    const { manager } = w.context({ scope: 'openid notes' })
    const store = memoryStore<unknown>()
    const kept = journal(manager, { store, clock: w.clock })
    await w.settle()
    await manager.adopt(w.server.issue())
    await w.after(1_000, manager.refresh())
    const spilled = { error: 'server_error', error_description: `${word}d`, access_token: `${word}a` }
    const answer = w.server.before
    w.server.before = async () => new Response(JSON.stringify(spilled), { status: 503 })
    await w.after(
      60_000,
      manager.refresh().catch(() => {}),
    )
    w.server.before = async () => new Response(JSON.stringify({ ...spilled, error: 'invalid_grant' }), { status: 400 })
    await w.after(
      120_000,
      manager.refresh().catch(() => {}),
    )
    w.server.before = answer
    await w.after(60_000, manager.signOut())
    const entries = await kept.entries()
    expect(typesOf(entries)).toEqual(expect.arrayContaining(['refreshed', 'refresh_failed', 'signed_out']))
    for (const entry of entries) {
      bird.see(entry, `entry ${entry.type}`)
      bird.see(describeEntry(entry), `text of ${entry.type}`)
    }
    bird.see(await store.get('tokenward.journal'), 'store')
    bird.see(explainSignOut(entries), 'explanation')
    expect(bird.sightings).toEqual([])
  })
})

describe('explainSignOut', () => {
  const entry = (type: JournalEntry['type'], details: Partial<JournalEntry> = {}): JournalEntry => ({
    at: 1,
    type,
    context: 'aaaa',
    grant: 'g',
    ...details,
  })

  it('names the tab where it began, not those that heard of it', () => {
    const entries = [
      entry('signed_in'),
      entry('refreshing', { at: 2, context: 'bbbb' }),
      entry('refresh_failed', { at: 3, context: 'bbbb', outcome: 'rejected', reason: 'invalid_grant', status: 400 }),
      entry('signed_out', { at: 3, reason: 'signed_out_elsewhere' }),
      entry('signed_out', { at: 4, context: 'bbbb', reason: 'rejected' }),
      entry('revoked', { at: 5, kind: 'access_token' }),
      entry('opened', { at: 6 }),
      entry('signed_out', { at: 6, reason: 'rejected', grant: undefined }),
    ]
    const explained = explainSignOut(entries)
    expect(explained).toMatchObject({ at: 4, reason: 'rejected', by: 'server' })
    expect(explained?.summary).toBe(
      'The session ended because the authorization server no longer accepts the refresh token (invalid_grant).',
    )
    expect(explained?.steps.map(({ context, text }) => `${context}: ${text}`)).toEqual([
      'aaaa: A sign-in was completed here.',
      'bbbb: Sent the refresh token: no other tab was at it.',
      'bbbb: Got no new tokens (invalid grant, status 400). The server no longer accepts the refresh token.',
      'aaaa: The session ended: signOut() was called in another tab, process or host.',
      'bbbb: The session ended: the authorization server no longer accepts the refresh token (invalid_grant).',
    ])
    expect(explained?.advice).toContain("server's log")
  })

  it('says nothing of a session that goes on, and of what is not known', () => {
    expect(explainSignOut([])).toBeUndefined()
    const before = [entry('signed_in'), entry('signed_out', { reason: 'idle' })]
    expect(explainSignOut([...before, entry('signed_in'), entry('refreshed')])).toBeUndefined()
    expect(explainSignOut(before)).toMatchObject({ by: 'limit', advice: expect.stringContaining('idleTimeout') })
  })

  it('takes what is there when the tab where it began is not', () => {
    const entries = [entry('signed_in'), entry('signed_out', { reason: 'signed_out_elsewhere' })]
    expect(explainSignOut(entries)).toMatchObject({ reason: 'signed_out_elsewhere', by: 'app' })
  })

  it('leaves out advice where it happened as intended', () => {
    expect(explainSignOut([entry('signed_out', { reason: 'signed_out' })])).toMatchObject({
      by: 'app',
      advice: undefined,
    })
  })

  it('takes a reason that it does not know', () => {
    expect(explainSignOut([entry('signed_out', { reason: 'toString' })])).toMatchObject({
      summary: 'The session ended because toString.',
      advice: undefined,
    })
  })

  it('shows the last twelve steps', () => {
    const entries = [
      ...Array.from({ length: 50 }, () => entry('refreshed')),
      entry('signed_out', { reason: 'rejected' }),
    ]
    expect(explainSignOut(entries)?.steps.length).toBe(12)
  })
})

describe('describeEntry', () => {
  it.each([
    [
      'refreshed',
      { generation: 2, duration: 80, attempt: 2 },
      'Got new tokens number 2 after 80 ms, at the second try: the first answer was lost.',
    ],
    ['adopted', { generation: 3 }, 'Took the tokens number 3 that another tab had got. Nothing was sent.'],
    ['waited', { duration: 20_400 }, "Waited 20 s for another tab's refresh. Nothing was sent."],
    [
      'refresh_failed',
      { reason: 'server_unavailable', status: 503, retryAt: 2_001 },
      'Got no new tokens (server unavailable, status 503). The session is kept. It is tried again in 2000 ms.',
    ],
    [
      'refresh_failed',
      { outcome: 'outcome_unknown' },
      'Got no new tokens. The answer to an earlier try was lost, and with it the refresh token.',
    ],
    [
      'token_rejected',
      { reason: 'revoked', replaced: true },
      'An API refused a token that had not expired (revoked). A new one is asked for.',
    ],
    [
      'revocation_failed',
      { kind: 'refresh_token', reason: 'timeout', final: false },
      'The refresh token could not be revoked (timeout). It is tried again.',
    ],
    ['degraded', { step: 'lock_unavailable' }, 'The platform lacks something: lock unavailable.'],
    ['clock_off', { by: -7_000 }, "This device's clock is off by -7000 ms. Proofs carry the server's time."],
  ] as const)('%s: %j', (type, details, text) => {
    expect(describeEntry({ at: 1, context: 'a', type, ...details })).toBe(text)
  })

  it.each([
    ['new_thing', 'new thing (why not).'],
    ['toString', 'toString (why not).'],
  ])('takes the event %s, which it does not know', (type, text) => {
    const entry = { at: 1, context: 'a', type, reason: 'why_not' } as unknown as JournalEntry
    expect(describeEntry(entry)).toBe(text)
  })
})
