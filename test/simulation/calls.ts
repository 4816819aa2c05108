import type { SessionRecord } from '../../src/session/record.ts'
import { targetKey } from '../../src/session/target-key.ts'
import { ABANDONED } from './acting.ts'
import type { Causes } from './causes.ts'
import type { Evidence } from './evidence.ts'
import type { Tab } from './tab.ts'
import { errorText, resultText } from './words.ts'

/** Laws 3 to 6, for what a caller sees. */
export interface Calls {
  /** The longest any call took in a tab that was awake, ms. */
  readonly longestWait: number
  /** Whether somebody still waits. */
  readonly pending: boolean
  made(tab: Tab, name: string, work: Promise<unknown>): void
  /** The faults have been over for long enough. */
  settled(): void
}

interface Call {
  readonly tab: Tab
  readonly name: string
  readonly began: number
  readonly awake: number
  readonly frozenBefore: number
  /** The record when it began, if its tab knew of it. */
  readonly record: SessionRecord | undefined
  readonly storeTrouble: number
}

/** No call may take longer in a tab that is awake, ms. */
const LONGEST_WAIT = 150_000

export function calls(known: Evidence, why: Causes): Calls {
  const { history, broken } = known
  const { time } = history
  const pending = new Set<Call>()
  let longestWait = 0

  return {
    get longestWait() {
      return longestWait
    },
    get pending() {
      return [...pending].some(({ tab }) => !tab.gone)
    },
    made(tab, name, work) {
      if (name === 'signOut') {
        known.signOuts++
        tab.signOuts++
      }
      const call: Call = {
        tab,
        name,
        began: time.now,
        awake: time.awake,
        frozenBefore: tab.frozenFor,
        record: knownTo(tab),
        storeTrouble: Math.max(tab.readFailedAt, tab.writeFailedAt),
      }
      pending.add(call)
      history.note?.(tab, `${name}()`)
      work.then(
        (result) => {
          over(call, resultText(result))
          succeeded(call, result)
        },
        (error: unknown) => {
          over(call, errorText(error ?? 'nothing'))
          failed(call, error)
        },
      )
    },
    settled() {
      for (const call of pending)
        if (!call.tab.gone && waited(call) > LONGEST_WAIT)
          broken(6, `${call.tab.name}: ${call.name}() has not settled after ${Math.round(waited(call) / 1000)} s`)
    },
  }

  function over(call: Call, outcome: string) {
    const { tab, name } = call
    pending.delete(call)
    const wait = waited(call)
    if (!tab.gone) longestWait = Math.max(longestWait, wait)
    history.note?.(tab, `${name}: ${outcome}`)
    if (wait > LONGEST_WAIT) broken(6, `${tab.name}: ${name}() took ${Math.round(wait / 1000)} s`)
  }

  function waited({ tab, awake, frozenBefore }: Call): number {
    return time.awake - awake - (tab.frozenFor - frozenBefore) - (tab.frozen ? time.now - tab.frozenAt : 0)
  }

  function knownTo({ manager: { state } }: Tab): SessionRecord | undefined {
    const { record } = known
    return state.status === 'signedIn' && state.session.scope === record?.scope ? record : undefined
  }

  function succeeded({ tab, name, record: then }: Call, result: unknown) {
    if (!name.startsWith('getAccessToken') && name !== 'refresh') return
    const { value } = result as { value: string }
    const token = history.server.accessTokens.get(value)
    const grant = token && known.grantOf.get(token.family)
    if (known.clocksAreRight && token && time.now >= token.announced && !tab.frozen)
      broken(5, `${tab.name}: ${name}() gives ${value}, which has expired`)
    if (then && !then.signedOut && grant && grant !== then.grantId && signedInSince(then, grant))
      broken(3, `${tab.name}: ${name}() was called for one person and gives another's token`)
  }

  /** Whether `grant` is younger than the record `then`, which was there when the call began, and not known to be the same person's. */
  function signedInSince(then: SessionRecord, grant: string): boolean {
    const isSamePerson = then.claims && then.claims.sub === known.personOf.get(grant)
    return (
      !isSamePerson &&
      known.record?.grantId === grant &&
      then.grantId !== grant &&
      !history.tabs.some(({ readFailedAt, writeFailedAt }) => Math.max(readFailedAt, writeFailedAt) > -Infinity) &&
      known.clearedAt === -Infinity
    )
  }

  function failed(call: Call, error: unknown) {
    const { tab, name, record: then, began, storeTrouble } = call
    if (!(error instanceof history.subject.TokenManagerError)) {
      if (error === ABANDONED && name === 'getAccessToken abandoned') return
      const fromApi = (name === 'fetch' || name === 'post') && error instanceof TypeError
      if (!fromApi) broken(6, `${tab.name}: ${name}() fails with ${error}`)
      return
    }
    why.told(tab, error)
    const { record } = known
    if (!known.clocksAreRight || !then || then.signedOut || record?.grantId !== then.grantId || record.signedOut) return
    if (name !== 'getAccessToken' && name !== 'fetch') return
    if (Math.max(tab.readFailedAt, tab.writeFailedAt) > storeTrouble || known.clearedAt > -Infinity) return
    if (error.code === 'ERR_SIGNED_OUT' && tab.signOuts > 0) return
    if (tab.readAt <= began) return
    // Somebody has signed in here since, and the storage does not know it yet.
    const { state } = tab.manager
    if (state.status === 'signedIn' && state.session.scope !== record.scope) return
    const held = then.accessTokens[targetKey({})]
    if (held && record.accessTokens[targetKey({})]?.value === held.value && isGood(held))
      broken(5, `${tab.name}: ${name}() fails with ${error.reason}, but ${held.value} is good until ${held.expiresAt}`)
    const wasDead = error.reason === 'outcome_unknown' && known.revivedAt > began
    const lives = record.refreshToken !== undefined && known.signOuts === 0 && !wasDead
    if (lives && error.code === 'ERR_SIGNED_OUT' && error.reason !== 'idle' && error.reason !== 'max_age')
      broken(4, `${tab.name}: ${name}() says ${error.reason}, but the session lives`)
  }

  /** Whoever has used a token up or was told that it is dead has nothing to be given. */
  function isGood({ value, expiresAt = Infinity }: SessionRecord['accessTokens'][string]): boolean {
    const issued = history.server.accessTokens.get(value)
    const inTime = expiresAt > known.wall + 50 && (issued?.expiresAt ?? 0) > time.now + 50
    return issued !== undefined && !issued.rejected && inTime
  }
}
