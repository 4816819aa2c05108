import { expect, it } from 'vitest'
import type { SessionRecord } from '../../src/session/record.ts'
import { recordWatch, type Watched } from '../../src/session/record-watch.ts'
import { manualClock } from '../support/manual-clock.ts'

const record: SessionRecord = {
  ...{ version: 1, issuer: 'https://as.example', clientId: 'spa', grantId: 'g', generation: 1, scope: '' },
  ...{ accessTokens: {}, outbox: [], signedInAt: 0, obtainedAt: 0, usedAt: 0 },
  ...{ lease: { owner: 'o', beat: 0, locked: false }, doubt: 'd' },
  failure: { attempts: 1, delay: 1, beat: 'b' },
}

/** For how long each of the three has been the same, ms. */
const ages = (watch: ReturnType<typeof recordWatch>, of: SessionRecord) =>
  (['lease', 'doubt', 'failure'] satisfies Watched[]).map((what) => watch.unchangedFor(what, of))

it('what stays the same ages from when it was first seen, however often it is seen', async () => {
  const clock = manualClock()
  const watch = recordWatch(clock)
  expect(ages(watch, record)).toEqual([0, 0, 0])
  watch.note(record)
  await clock.advance(1_000)
  watch.note({ ...record, usedAt: 9 })
  await clock.advance(500)
  expect(ages(watch, record)).toEqual([1_500, 1_500, 1_500])
})

it('each of the three is new when something about it changes, and only then', async () => {
  const { lease, failure } = record as Required<SessionRecord>
  for (const [changed, expected] of [
    [{ lease: { ...lease!, owner: 'p' } }, [0, 1_000, 1_000]],
    [{ lease: { ...lease!, beat: 1 } }, [0, 1_000, 1_000]],
    [{ generation: 2 }, [0, 1_000, 1_000]],
    [{ grantId: 'h' }, [0, 1_000, 1_000]],
    [{ doubt: 'e' }, [1_000, 0, 1_000]],
    [{ failure: { ...failure!, beat: 'c' } }, [1_000, 1_000, 0]],
    [{ failure: { ...failure!, attempts: 2 } }, [1_000, 1_000, 1_000]],
  ] as const) {
    const clock = manualClock()
    const watch = recordWatch(clock)
    watch.note(record)
    await clock.advance(1_000)
    const next = { ...record, ...changed }
    expect([changed, ages(watch, next)]).toEqual([changed, expected])
    watch.note(next)
    await clock.advance(200)
    expect([changed, ages(watch, next)]).toEqual([changed, expected.map((age) => age + 200)])
  }
})

it('what was gone for a while is new', async () => {
  for (const without of [undefined, { ...record, lease: undefined, doubt: undefined, failure: undefined }]) {
    const clock = manualClock()
    const watch = recordWatch(clock)
    watch.note(record)
    await clock.advance(1_000)
    watch.note(without)
    if (without) expect(ages(watch, without)).toEqual([0, 0, 0])
    await clock.advance(1_000)
    watch.note(record)
    expect(ages(watch, record)).toEqual([0, 0, 0])
  }
})
