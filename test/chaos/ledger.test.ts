import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SeenRequest } from '../support/misbehaving-server.ts'
import { type Ledger, ledger } from './ledger.ts'
import { ANSWERED, type Report, SENT } from './page/report.ts'

const requestTimeout = 2_000
const start = 1_000_000
let book: Ledger

beforeEach(() => {
  vi.useFakeTimers({ now: start })
  book = ledger(requestTimeout)
})
afterEach(() => {
  vi.useRealTimers()
})

const at = (ms: number, run: () => unknown) => {
  vi.setSystemTime(start + ms)
  return run()
}

const report = (story: Report['story'] = []): Report => ({
  context: 't1.a',
  tab: 't1',
  serial: 1,
  state: 'signedIn',
  family: 'f',
  story,
  calls: { begun: 0, answered: 0, failed: {}, longest: 0 },
  pending: { count: 0, oldest: 0 },
  refreshed: 0,
  signedOut: [],
  restored: 0,
  uncaught: [],
})

/** The page runs from one moment to another, and tells so every 250 ms. */
function lives(from: number, to: number, story: Report['story'] = []) {
  for (let ms = from; ms <= to; ms += 250) at(ms, () => book.hear(report(ms === from ? story : [])))
}

/** A token that came at 1 s and was answered 200 ms later, and came again at 4 s. */
function reuse(first: Partial<SeenRequest> = {}, again: Partial<SeenRequest> = {}): SeenRequest {
  const seen: SeenRequest = {
    at: start + 1_000,
    endedAt: start + 1_200,
    context: 't1.a',
    refreshToken: 'r',
    family: 'f',
    reused: undefined,
    overlapping: false,
    outcome: 'granted',
    ...first,
  }
  return { ...seen, at: start + 4_000, context: 't2.b', reused: seen, ...again }
}

describe('why a refresh token came twice', () => {
  it('nothing happened to a page that ran, was answered in time, and asked again all the same: our own doing', () => {
    lives(0, 10_000)
    expect(book.causeOf(reuse())).toBeUndefined()
  })

  it('who leaves before the answer while nothing happens to it has no excuse', () => {
    lives(0, 10_000)
    expect(book.causeOf(reuse({ outcome: 'gone' }))).toBeUndefined()
  })

  it('two at once have none, whatever else was done', () => {
    lives(0, 10_000)
    at(900, () => book.disturb('tab reloaded', 't1'))
    expect(book.causeOf(reuse({}, { overlapping: true, at: start + 3_500 }))).toBeUndefined()
  })

  it.each<[string, string, () => SeenRequest]>([
    ['the server lost the answer', 'the answer was lost', () => reuse({ outcome: 'lost' })],
    ['it took longer than the limit', 'the answer was late', () => reuse({ endedAt: start + 2_900 })],
    [
      'it took longer than the limit, counted from when it left',
      'the answer was late',
      () => {
        book.hear(report([[start - 700, SENT]]))
        return reuse()
      },
    ],
  ])('%s', (_, cause, request) => {
    lives(0, 10_000)
    expect(book.causeOf(request())).toBe(cause)
  })

  it('an earlier request, long answered, says nothing about when this one left', () => {
    lives(0, 10_000, [
      [start - 5_000, SENT],
      [start - 4_900, `${ANSWERED} 200`],
    ])
    expect(book.causeOf(reuse())).toBeUndefined()
  })

  it('its tab was closed before it can have stored the answer; another tab’s end is no cause', () => {
    lives(0, 10_000)
    at(1_100, () => book.disturb('tab closed', 't9'))
    expect(book.causeOf(reuse())).toBeUndefined()
    at(1_100, () => book.disturb('tab closed', 't1'))
    expect(book.causeOf(reuse())).toBe('tab closed')
  })

  it('its page was not heard of any more, or not for a while', () => {
    lives(0, 1_000)
    expect(book.causeOf(reuse())).toBe('its page had ended')
    lives(5_000, 10_000)
    expect(book.causeOf(reuse())).toBe('its page was standing still')
  })
})
