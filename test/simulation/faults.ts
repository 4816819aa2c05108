import type { Clause } from './protocol-state.ts'

/** A mistake that somebody could make in the sources. */
export interface Fault {
  readonly name: string
  readonly edits: readonly Edit[]
  /** The test that finds it, where no history can. */
  readonly test?: string
  /** The clause of the small model that it takes away, for what takes more coincidence than histories bring. */
  readonly clause?: Clause
}

/** One place in a file. */
export interface Edit {
  /** In `src`. */
  readonly file: string
  /** What is there now, exactly once. */
  readonly find: string
  readonly replacement: string
}

const edit = (file: string, find: string, replacement = ''): Edit => ({ file, find, replacement })
const fault = (name: string, ...edits: Edit[]): Fault => ({ name, edits })
const modelled = (name: string, clause: Clause, ...edits: Edit[]): Fault => ({ name, clause, edits })

const CLAIM = 'session/claim.ts'
const COMMIT = 'session/commit.ts'
const REFRESH = 'session/refresh.ts'
const SOURCE = 'session/token-source.ts'
const WATCHED = 'test/session/watched-store.test.ts'
const ROLLED_BACK = 'test/session/storage-rollback.test.ts'

/** Every one of them breaks a law. */
export const faults: readonly Fault[] = [
  fault(
    'no re-read after the lock',
    edit(REFRESH, 'return looked(await session.read())', 'return looked(session.live)'),
    edit(CLAIM, 'if (!isSameGeneration(now, seen) ||', 'if (!now || now.signedOut || now.grantId !== seen.grantId ||'),
    edit(
      CLAIM,
      'claimed && { record: claimed.next,',
      'claimed && { record: { ...claimed.next, refreshToken: seen.refreshToken },',
    ),
  ),
  modelled(
    'no generation check at commit',
    'a commit needs the generation',
    edit(COMMIT, '!isBehind && now.generation > from.generation', 'false'),
  ),
  modelled(
    'delete without compare',
    'a refusal counts for its own generation only',
    edit(
      COMMIT,
      'return isSameGeneration(now, from) && (!now.lease || owns(claim, now))',
      'return now !== undefined && !now.signedOut && claim.owner !== undefined',
    ),
  ),
  fault(
    'abort after send',
    edit(
      SOURCE,
      'last = await unlessAborted(',
      "signal?.addEventListener('abort', () => (clock as { abort?(): void }).abort?.())\n        last = await unlessAborted(",
    ),
    edit(
      'protocol/exchange.ts',
      'let stop = () => {}',
      'let stop = () => {}\n  Object.assign(clock, { abort: () => controller.abort() })',
    ),
  ),
  fault(
    'broadcast before commit',
    edit(COMMIT, 'import { fraction }', "import { tellOthers } from './sync.ts'\nimport { fraction }"),
    edit(COMMIT, "case 'tokens':", "case 'tokens':\n      tellOthers(session)"),
    edit(SOURCE, 'attempt: result.attempt, reason })\n      tellOthers(session)', 'attempt: result.attempt, reason })'),
  ),
  fault(
    'lease ignored',
    edit(CLAIM, 'now.lease && !isDead(session, now, locked)', 'isDead(session, now, locked) && now.version > 1'),
    edit(REFRESH, 'lease && !isDead(session, record, hold.locked)', 'lease && record.version > 1'),
  ),
  fault('steal', edit(REFRESH, 'hold.locked = false', 'hold.locked = true')),
  fault(
    'listener inside the lock',
    edit(
      'session/listener-set.ts',
      'for (const listener of listeners) {',
      'for (const listener of listeners) {\n        listener(value)\n        continue',
    ),
  ),
  {
    ...fault(
      'timer overflow',
      edit('in-process/system-clock.ts', 'Math.min(left, longestLap)', 'time - performance.now()'),
    ),
    test: 'test/in-process/system-clock.test.ts',
  },
  fault('jitter off', edit('session/held-tokens.ts', 'jitter * fraction(crypto)', 'jitter * 0')),
  fault(
    'invalid_request ends the session',
    edit(
      'protocol/token-set.ts',
      "if (meaning === 'ended') return",
      "if (meaning === 'ended' || error.error === 'invalid_request') return",
    ),
  ),
  fault(
    'outbox lost at reload',
    edit(
      'session/sign-out.ts',
      'tombstoneOf(record, { at, reason, kept }, mine)',
      'tombstoneOf(record, { at, reason, kept }, [])',
    ),
  ),
  fault(
    'what a sign-in of the same person replaces is revoked',
    edit('session/replaced.ts', 'isSamePerson && !revokeReplaced ? [] : tokens', 'tokens'),
  ),
  modelled(
    'lock taken as proof against a lease claimed without it',
    'a lock proves only that a lease taken under it is dead',
    edit(CLAIM, 'if (locked && lease?.locked) return true', 'if (locked) return true'),
  ),
  modelled(
    'lease identity reused',
    'a claim has an identity of its own',
    edit(
      CLAIM,
      'const owner = randomId(crypto)',
      'const named = session as { own?: string }\n  named.own ??= randomId(crypto)\n  const owner = named.own',
    ),
  ),
  modelled(
    "age counted from the swap's return",
    'the age counts from before the swap',
    edit(CLAIM, 'record: claimed.next, owner, began }', 'record: claimed.next, owner, began: moment(clock) || began }'),
  ),
  modelled('an old claim is sent', 'an old claim sends nothing', edit(REFRESH, 'isOld || ')),
  modelled(
    'retry outside the claim',
    'a retry needs the lease still to be ours',
    edit(
      REFRESH,
      "raised ? { step: 'send', claim: { ...claim, began, lost } } : { step: 'release', claim }",
      "{ step: 'send', claim: { ...claim, began: raised ? began : moment(clock), lost } }",
    ),
  ),
  modelled(
    'doubt forgotten at a takeover',
    'taking over leaves doubt',
    edit(CLAIM, 'next: now.lease ? withDoubt(session, next, owner) : next', 'next'),
  ),
  modelled(
    'doubt forgotten at a retry',
    'a retry leaves doubt',
    edit(REFRESH, 'withDoubt(session, withBeat(now))', 'withBeat(withDoubt(session, now) && now)'),
  ),
  modelled(
    'doubt forgotten when giving up',
    'giving up leaves doubt',
    edit(COMMIT, 'const isInDoubt = mayBeSpent && ', 'const isInDoubt = mayBeSpent && next.version > 1 && '),
  ),
  modelled(
    'no wait before a token in doubt is sent',
    'taking over waits and reads again',
    edit(REFRESH, 'await session.wait(DOUBT_WAIT)'),
  ),
  modelled(
    "invalid_grant deleting another's live lease",
    'a refusal leaves the lease of another',
    edit(COMMIT, ' && (!now.lease || owns(claim, now))'),
  ),
  fault(
    "commit dropping another resource's token",
    edit(COMMIT, 'withAccessToken(record.accessTokens, key', 'withAccessToken({}, key'),
  ),
  {
    ...fault(
      'a commit onto an older record is dropped',
      edit(COMMIT, '!isBehind && now.generation > from.generation', 'now.generation !== from.generation'),
    ),
    test: ROLLED_BACK,
  },
  modelled(
    'a commit revives what was signed out',
    'a commit sees a sign-out',
    edit(COMMIT, 'const isOver = now.signedOut || ', 'const isOver = '),
  ),
  fault('the generation stays', edit(COMMIT, 'generation: record.generation + 1', 'generation: record.generation')),
  fault('no shared back-off', edit(CLAIM, 'return failure ?', 'return record.version > 1 && failure ?')),
  fault(
    'a back-off begins anew in every context',
    edit('session/failure.ts', 'delay - Math.max(now - at, waited)', 'delay - waited'),
  ),
  {
    ...fault(
      'the lease of a process that is over is waited for',
      edit(CLAIM, 'platform.store.processes?.isOver(process)', 'record.version > 1'),
    ),
    test: 'test/session/back-off.test.ts',
  },
  {
    ...fault(
      'a doubt never ends for contexts that live shortly',
      edit('session/record-watch.ts', "what === 'doubt' && doubtAt !== undefined", 'what === doubtAt'),
    ),
    test: 'test/session/back-off.test.ts',
  },
  fault(
    'a failure forgets what it was',
    edit(
      'session/failure.ts',
      'cause: isSilent && refusedFor !== undefined ? before.cause : cause',
      'cause: undefined',
    ),
  ),
  fault('Retry-After ignored', edit('session/failure.ts', 'random, retryAfter)', 'random)')),
  fault('a rejection in a listener escapes', edit('session/listener-set.ts', '.catch(() => {})')),
  fault('timers outlive dispose', edit('session/upkeep.ts', 'stop()\n    cancel()', 'stop()')),
  fault(
    'the lock is waited for without a limit',
    edit(REFRESH, 'if (clock.elapsed() >= until + (isLeased ? leaseTime : 0)) break'),
  ),
  fault('what is heard is read too late', edit('session/sync.ts', 'session.suspect()')),
  {
    ...fault(
      'what is read while the lock is granted is read again',
      edit(
        REFRESH,
        'const settled = settledBy(record)\n        if (settled)',
        'const settled = isWaiting && settledBy(record)\n        if (settled)',
      ),
    ),
    test: 'test/session/waiting.test.ts',
  },
  { ...fault('a watch outlives the wait', edit(REFRESH, '    unwatch?.()\n')), test: WATCHED },
  {
    ...fault(
      'a watch begins with what is there then',
      edit(REFRESH, 'session.tag, session.wake)', '(await store.get(session.name))?.tag, session.wake)'),
    ),
    test: WATCHED,
  },
  fault('what was read is believed for ever', edit(SOURCE, 'if (age > confirmInterval) return undefined')),
  fault(
    'a good token withheld while the refresh fails',
    edit(
      'session/held-tokens.ts',
      'minValidity === undefined ? held.waitAt',
      'minValidity === undefined ? held.refreshAt',
    ),
    edit(SOURCE, 'if (still) return still.token'),
  ),
  fault(
    'an expired token is sent',
    edit(
      'session/held-tokens.ts',
      'return (held.stored.expiresAt ?? Infinity) > now ? held : undefined',
      'return held',
    ),
  ),
  fault(
    'a storage that could not be read is not believed later',
    edit('session/state.ts', "|| (state.status === 'signedOut' && state.reason === 'storage_lost')", ''),
  ),
  {
    ...fault(
      'the storage is believed when it went back',
      edit('session/state.ts', "event.order > held.order ? ['storage_lost'] : []", '[]'),
    ),
    test: ROLLED_BACK,
  },
  {
    ...fault(
      'an end is lost while the storage refuses',
      edit(
        COMMIT,
        "session.apply({ type: 'ended', grantId, reason, error })\n      void session.retry(() => session.update(change), 'sign_out')",
        'throw error',
      ),
    ),
    test: 'test/session/commit.test.ts',
  },
  {
    ...fault(
      'a lease taken over by mistake is given back',
      edit(REFRESH, 'if (!isWrong) await release(session, claim)', 'await release(session, claim)'),
    ),
    test: 'test/session/stolen-lock.test.ts',
  },
]
