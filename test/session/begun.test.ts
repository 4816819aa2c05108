import { describe, expect, it } from 'vitest'
import { type Begun, begun } from '../../src/session/begun.ts'
import { type SessionRecord, tombstone } from '../../src/session/record.ts'

const AT = 1_000

/** A session of `sub`, whose tokens bear its name; without one, of somebody of whom nothing is known. */
function session(name: string, sub?: string): SessionRecord {
  const iss = 'https://as.example'
  return {
    version: 1,
    issuer: iss,
    clientId: 'spa',
    grantId: `grant of ${name}`,
    generation: 1,
    refreshToken: `rt of ${name}`,
    accessTokens: { here: { value: `at of ${name}`, type: 'Bearer', obtainedAt: 0, expiresAt: AT + 1, scope: '' } },
    claims: sub === undefined ? undefined : { iss, sub, aud: 'spa', exp: 9, iat: 1 },
    scope: '',
    signedInAt: 0,
    obtainedAt: 0,
    usedAt: 0,
    outbox: [],
  }
}

const waiting = { kind: 'refresh_token', token: 'rt of long ago', addedAt: 0, grantId: 'grant of long ago' } as const
const known = { 'grant of long ago': { access_token: 'revoked' } } as const
const withPast = (record: SessionRecord): SessionRecord => ({ ...record, outbox: [waiting], revoked: known })

const brought = session('new', 'alice')
const hers = withPast(session('old', 'alice'))
const his = withPast(session('old', 'bob'))
const nobodys = withPast(session('old'))
const over = tombstone(hers, { at: 0, reason: 'signed_out' }, [])

const PAST = 'rt of long ago'
const OLD = ['rt of old', 'at of old']
const NEW = ['rt of new', 'at of new']

interface Row {
  /** What is stored. */
  readonly now?: SessionRecord
  readonly new?: SessionRecord
  readonly onlySubject?: string
  readonly revokeReplaced?: boolean
  readonly outcome: Begun['outcome']
  /** Whose session lives then; absent: none does. */
  readonly lives?: 'old' | 'new'
  readonly follows?: boolean
  /** What is to be revoked. */
  readonly outbox: readonly string[]
}

const rows: Readonly<Record<string, Row>> = {
  'the first one': { outcome: 'signed_in', lives: 'new', outbox: [] },
  'after a sign-out': { now: over, outcome: 'signed_in', lives: 'new', outbox: [PAST] },
  'over a session of the same person': { now: hers, outcome: 'signed_in', lives: 'new', follows: true, outbox: [PAST] },
  'over a session of the same person, with revokeReplaced': {
    now: hers,
    revokeReplaced: true,
    outcome: 'signed_in',
    lives: 'new',
    follows: true,
    outbox: [PAST, ...OLD],
  },
  'that brings the refresh token of before, with revokeReplaced': {
    now: hers,
    new: { ...brought, refreshToken: 'rt of old' },
    revokeReplaced: true,
    outcome: 'signed_in',
    lives: 'new',
    follows: true,
    outbox: [PAST, 'at of old'],
  },
  "over another person's session": { now: his, outcome: 'signed_in', lives: 'new', outbox: [PAST, ...OLD] },
  "over somebody's session": { now: nobodys, outcome: 'signed_in', lives: 'new', outbox: [PAST, ...OLD] },
  'for one person, who came': {
    now: hers,
    onlySubject: 'alice',
    outcome: 'signed_in',
    lives: 'new',
    follows: true,
    outbox: [PAST],
  },
  'for one person, where nobody was signed in': {
    onlySubject: 'alice',
    outcome: 'signed_in',
    lives: 'new',
    outbox: [],
  },
  'for one person, who has signed out meanwhile': {
    now: over,
    onlySubject: 'alice',
    outcome: 'signed_in',
    lives: 'new',
    outbox: [PAST],
  },
  "for one person, over somebody's session": {
    now: nobodys,
    onlySubject: 'alice',
    outcome: 'signed_in',
    lives: 'new',
    outbox: [PAST, ...OLD],
  },
  'for one person, and another one came': {
    now: his,
    onlySubject: 'bob',
    outcome: 'user_changed',
    outbox: [PAST, ...NEW, ...OLD],
  },
  'for one person, and somebody came': {
    now: his,
    new: session('new'),
    onlySubject: 'bob',
    outcome: 'user_changed',
    outbox: [PAST, ...NEW, ...OLD],
  },
  'for one person, and another one came where nobody was signed in': {
    onlySubject: 'bob',
    outcome: 'user_changed',
    outbox: NEW,
  },
  'for one person, and another one has signed in meanwhile': {
    now: his,
    onlySubject: 'alice',
    outcome: 'user_changed',
    lives: 'old',
    outbox: [PAST, ...NEW],
  },
  'for one person, and the one who came has signed in meanwhile': {
    now: hers,
    onlySubject: 'bob',
    outcome: 'user_changed',
    lives: 'old',
    outbox: [PAST],
  },
  'for one person, and the one who came has signed in meanwhile, with revokeReplaced': {
    now: hers,
    onlySubject: 'bob',
    revokeReplaced: true,
    outcome: 'user_changed',
    lives: 'old',
    outbox: [PAST, ...NEW],
  },
}

describe('a sign-in', () => {
  it.each(Object.entries(rows))('%s', (_, row) => {
    const { now, new: mine = brought, onlySubject, revokeReplaced = false } = row
    const { outcome, next } = begun(now, mine, onlySubject, AT, revokeReplaced)
    const { outbox, revoked } = next
    expect(outcome).toBe(row.outcome)
    expect(outbox.map(({ token }) => token)).toEqual(row.outbox)
    expect(revoked).toEqual(now?.revoked)

    const living = row.lives === 'old' ? now : mine
    const left = row.lives
      ? {
          ...living,
          follows: row.follows && now?.grantId,
          replaced: row.lives === 'new' ? now?.grantId : undefined,
          outbox,
          revoked,
        }
      : tombstone(now ?? mine, { at: AT, reason: 'user_changed' }, outbox)
    expect(next).toEqual(left)
  })
})
