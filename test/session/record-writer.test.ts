import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/in-process/memory-store.ts'
import type { Platform } from '../../src/ports.ts'
import type { AuthorizationServer } from '../../src/protocol/authorization-server.ts'
import { NEWER_VERSION, type SessionRecord } from '../../src/session/record.ts'
import { createSession, type SessionOptions } from '../../src/session/session.ts'
import { manualClock } from '../support/manual-clock.ts'

const owner = { issuer: 'https://as.example', clientId: 'spa' }
const record: SessionRecord = {
  ...owner,
  version: 1,
  grantId: 'g',
  generation: 3,
  scope: '',
  accessTokens: {},
  signedInAt: 1,
  obtainedAt: 2,
  usedAt: 3,
  outbox: [],
}

/** Several contexts on one store that holds `record`. */
async function contexts(count: number) {
  const store = memoryStore<unknown>()
  await store.swap('k', undefined, record)
  const clock = manualClock()
  const sessions = Array.from({ length: count }, () => {
    const platform = { store, clock } as unknown as Platform
    const session = createSession({ platform, server: owner as AuthorizationServer, options: {} as SessionOptions })
    session.name = 'k'
    return session
  })
  return { store, clock, sessions }
}

const bump = (now?: SessionRecord) => now && { next: { ...now, generation: now.generation + 1 }, from: now.generation }

describe('update', () => {
  it('decides again on what is there when a swap was lost, and loses no other write', async () => {
    const { store, sessions } = await contexts(20)
    const decided = await Promise.all(sessions.map((session) => session.update(bump)))
    expect((await store.get('k'))?.value).toMatchObject({ generation: 23 })
    // What it gives back is the decision that was carried out, and none that was lost on the way.
    expect(decided.map((decision) => decision?.from).sort((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => 3 + index),
    )
  })

  it('writes nothing when the decision has no record, and gives the decision back', async () => {
    const { store, sessions } = await contexts(1)
    const [session] = sessions
    const tag = (await store.get('k'))?.tag
    expect(await session?.update(() => undefined)).toBeUndefined()
    expect(await session?.update((now) => ({ seen: now?.generation, next: undefined }))).toEqual({
      seen: 3,
      next: undefined,
    })
    expect((await store.get('k'))?.tag).toBe(tag)
    expect(session?.held).toMatchObject({ state: { status: 'signedIn' }, record: { generation: 3 } })
  })

  it('writes nothing over a newer version', async () => {
    const { store, sessions } = await contexts(1)
    await store.swap('k', (await store.get('k'))?.tag, { version: 2 })
    await expect(sessions[0]?.update(() => ({ next: record }))).rejects.toBe(NEWER_VERSION)
    expect((await store.get('k'))?.value).toEqual({ version: 2 })
    expect(sessions[0]?.held.state).toMatchObject({ status: 'signedOut', reason: 'incompatible_version' })
  })
})
