import { describe, expect, it } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import { backOffRest, errorOf, type Failed, type Failure, nextFailure } from '../../src/session/failure.ts'

const MINUTE = 60_000
/** When the failure before was written. */
const AT = 1_000 * MINUTE

const cause = { code: 'ERR_CLIENT_REJECTED', reason: 'server_refused', status: 403 } as const
const outage = { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'timeout' } as const

function refused(
  meaning: Failed['meaning'],
  more: Partial<Failed> & { reason?: 'invalid_client'; said?: string } = {},
) {
  const { reason = cause.reason, said, retryAfter } = more
  const error = new TokenManagerError(cause.code, reason, '', { status: 403, error: said })
  return { error, meaning, retryAfter }
}
const unanswered = { error: new TokenManagerError(outage.code, outage.reason) }

/** One refusal of 20 s ago, after which 4 s were to be waited. */
const once: Failure = { attempts: 1, delay: 4_000, beat: 'before', at: AT, cause, refusedFor: 0, unclear: 0 }

interface Row {
  readonly before?: Failure
  readonly failed: Failed
  readonly usable?: boolean
  /** How long after the failure before, ms. */
  readonly after?: number
  readonly random?: number
  readonly next: Partial<Failure>
}

const rows: Readonly<Record<string, Row>> = {
  'the first refusal': {
    failed: refused('page'),
    next: { attempts: 1, beat: 'new', at: AT + 20_000, cause, refusedFor: 0, unclear: 0, delay: 2_000 },
  },
  'the first outage': { failed: unanswered, next: { attempts: 1, cause: outage, unclear: 0, delay: 2_000 } },
  'the same refusal again adds the time between': {
    before: once,
    failed: refused('page'),
    next: { attempts: 2, refusedFor: 20_000, delay: 4_000 },
  },
  'of that time 30 s at most': { before: once, failed: refused('page'), after: MINUTE, next: { refusedFor: 30_000 } },
  'the whole back-off, where the clock says less': {
    before: { ...once, delay: 25_000 },
    failed: refused('page'),
    next: { refusedFor: 25_000 },
  },
  'in an earlier version’s record, the back-off': {
    before: { ...once, at: undefined },
    failed: refused('page'),
    next: { refusedFor: 4_000 },
  },
  'another reason begins anew': {
    before: once,
    failed: refused('page', { reason: 'invalid_client' }),
    next: { refusedFor: 0, cause: { ...cause, reason: 'invalid_client' } },
  },
  'another error begins anew': {
    before: once,
    failed: refused('page', { said: 'slow' }),
    next: { refusedFor: 0, cause: { ...cause, error: 'slow' } },
  },
  'an outage after a refusal: the refusal says more': {
    before: { ...once, refusedFor: 20_000 },
    failed: unanswered,
    next: { attempts: 2, cause, refusedFor: 20_000 },
  },
  'refused for a minute without an access token: a person is needed': {
    before: { ...once, refusedFor: 40_000 },
    failed: refused('page'),
    random: 0,
    next: { refusedFor: MINUTE, personNeeded: true, delay: 15 * MINUTE },
  },
  'refused for a minute beside one': {
    before: { ...once, refusedFor: 40_000 },
    failed: refused('page'),
    usable: true,
    next: { refusedFor: MINUTE, personNeeded: undefined, delay: 4_000 },
  },
  'the server says that a person is needed': {
    failed: refused('person_needed'),
    random: 0,
    usable: true,
    next: { personNeeded: true, delay: 15 * MINUTE },
  },
  'not all contexts ask the same time later': {
    failed: refused('person_needed'),
    random: 0.75,
    next: { delay: 1_035_000 },
  },
  'a server that wants to be left alone for longer': {
    failed: refused('person_needed', { retryAfter: 40 * MINUTE }),
    random: 0,
    next: { delay: 40 * MINUTE },
  },
  'the first of no known kind is soon followed by another': {
    before: { ...once, attempts: 8 },
    failed: refused('unclear'),
    next: { attempts: 9, unclear: 1, personNeeded: undefined, delay: 8_000 },
  },
  'or even sooner': { failed: refused('unclear'), next: { unclear: 1, delay: 2_000 } },
  'the second without an access token: a person is needed': {
    before: { ...once, unclear: 1 },
    failed: refused('unclear'),
    random: 0,
    next: { unclear: 2, personNeeded: true, delay: 15 * MINUTE },
  },
  'the second beside one has the usual wait': {
    before: { ...once, attempts: 8, unclear: 1 },
    failed: refused('unclear'),
    usable: true,
    next: { unclear: 2, personNeeded: undefined, delay: 5 * MINUTE },
  },
  'another kind after it counts nothing': {
    before: { ...once, attempts: 8, unclear: 1 },
    failed: refused('page'),
    next: { unclear: 1, personNeeded: undefined, delay: 5 * MINUTE },
  },
}

describe('what the record says after', () => {
  it.each(Object.entries(rows))('%s', (_, { before, failed, usable = false, after = 20_000, random = 0.5, next }) => {
    const chance = { at: AT + after, beat: 'new', random }
    const made = nextFailure(before, failed, usable, chance)
    const told = (Object.keys(next) as (keyof Failure)[]).map((name) => [name, made[name]])
    expect(Object.fromEntries(told)).toEqual(next)
  })
})

describe('what is left of a back-off', () => {
  const failure: Failure = { ...once, delay: 5 * MINUTE }

  it.each([
    ['all of it at once', failure, 0, 0, false, 5 * MINUTE],
    ['what the wall clock leaves', failure, MINUTE, 0, false, 4 * MINUTE],
    ['what this context has not yet waited', failure, MINUTE, 2 * MINUTE, false, 3 * MINUTE],
    ['all of it beside a clock that is a little behind', failure, -10_000, 0, false, 5 * MINUTE],
    ['nothing after a clock that went back', failure, -10_001, 0, false, 0],
    ['as much of an outage for who asks', failure, MINUTE, 0, true, 4 * MINUTE],
    ['half a minute for who asks where a person is needed', { ...failure, personNeeded: true }, 0, 0, true, 30_000],
    ['all of it there for others', { ...failure, personNeeded: true }, 0, 0, false, 5 * MINUTE],
    [
      'what this context has not waited of one that has no time',
      { ...failure, at: undefined },
      0,
      MINUTE,
      false,
      4 * MINUTE,
    ],
  ] as const)('%s', (_, given, after, waited, asked, rest) => {
    expect(backOffRest(given, AT + after, waited, asked)).toBe(rest)
  })
})

describe('why there is no new token', () => {
  it.each([
    ['the cause, and when it is tried again', once, false, { ...cause, retryAt: AT + 4_000 }],
    ['nobody knows any more', { ...once, cause: undefined }, false, { reason: 'throttled', retryAt: AT + 4_000 }],
    ['it has no time', { ...once, at: undefined }, false, { ...cause, retryAt: undefined }],
    ['two refusals of no known kind', { ...once, unclear: 2 }, false, { ...cause, code: 'ERR_GRANT_REJECTED' }],
    ['two beside an access token', { ...once, unclear: 2 }, true, cause],
    ['one', { ...once, unclear: 1 }, false, cause],
    ['refused for a minute in a known way', { ...once, refusedFor: MINUTE }, false, cause],
    ['an outage after two', { ...once, unclear: 2, cause: outage }, false, outage],
  ] as const)('%s', (_, failure, usable, error) => {
    expect(errorOf(failure, usable)).toMatchObject(error)
  })

  it('with another time to try again', () => {
    expect(errorOf(once, false, 7)).toMatchObject({ retryAt: 7 })
  })
})
