import { TokenManagerError } from '../errors.ts'
import type { Clock, Store } from '../ports.ts'
import { storeFailed } from '../session/outcome.ts'
import { type Found, NEWER_VERSION, readRecord, type SessionRecord, tombstone } from '../session/record.ts'
import type { Session } from '../session/session.ts'
import { pendingName } from '../session/transaction.ts'

/** How often to check whether a refresh has ended, in milliseconds. */
const LAP = 50

/** How many sign-ins wait for one session at most. */
const MOST_PENDING = 16

/**
 * Moves the session `from`, and the sign-ins that were begun for it, to the name of `to`. It waits for a refresh that is running. When it resolves, there
 * is no session under the old name any more. If the process ends before that, the session may go on under the old name.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if there is a session under the new name; `ERR_STORE_FAILED`, and then the old name may still
 *   be valid
 */
export async function moveSession(from: Session, to: Session): Promise<void> {
  const { store } = from.platform
  try {
    if (await store.get(to.name)) throw taken()

    // The sign-ins come first. If the store fails in between, they can be begun again, and the session keeps the name that the person has.
    await movePending(store, pendingName(from.name), pendingName(to.name))
    await moveRecord(from, to)
  } catch (error) {
    throw error instanceof TokenManagerError ? error : storeFailed(error)
  }
}

async function moveRecord(from: Session, to: Session): Promise<void> {
  const { store, clock } = from.platform
  for (;;) {
    const { record, tag, problem } = await settled(from)
    if (problem === 'newer') throw NEWER_VERSION
    if (!record || record.signedOut) return

    // The new name comes first. Nobody knows it yet, so if this process ends after this write, no session is lost.
    const isCopied = await write(to, undefined, record)
    if (!isCopied) throw taken()

    const isMoved = await write(from, tag, ended(record, clock), () => remove().catch(() => {}))
    if (isMoved) return
    await remove()
  }

  async function remove() {
    const copy = await store.get(to.name)
    if (copy) await store.swap(to.name, copy.tag, undefined)
  }
}

/**
 * Writes `record`, if the stored tag is still `tag`. A store that fails may have written it all the same, so it is read again. If that fails too, nothing
 * more is done: what was written may be all that is left of the session.
 * @param undo called before it rejects, if the record was not written
 * @returns whether the record was written
 */
async function write(
  { platform: { store }, name, server }: Session,
  tag: string | undefined,
  record: SessionRecord,
  undo?: () => Promise<void>,
): Promise<boolean> {
  try {
    return await store.swap(name, tag, record)
  } catch (cause) {
    const found = await readRecord(store, name, server)
    if (JSON.stringify(found.record) === JSON.stringify(record)) return true

    await undo?.()
    throw cause
  }
}

/** The record when no refresh is running any more, or when its owner counts as dead. */
async function settled({ platform, server, options, name }: Session): Promise<Found> {
  const { store, clock } = platform
  const until = clock.elapsed() + options.leaseTime
  for (;;) {
    const found = await readRecord(store, name, server)
    const isBusy = found.record?.lease !== undefined
    if (!isBusy || clock.elapsed() >= until) return found

    await new Promise<void>((resolve) => void clock.at(clock.elapsed() + LAP, resolve))
  }
}

/**
 * The record for the old name: a sign-out. If the record were removed, a process that has the session in memory would write it again. No token is
 * revoked, because they are used under the new name.
 */
function ended(record: SessionRecord, clock: Clock): SessionRecord {
  return { ...tombstone(record, { at: clock.now(), reason: 'renamed' }, []), outbox: [] }
}

/** Adds the sign-ins that were begun for `from` to those of `to`. Begins again if somebody else writes meanwhile. */
async function movePending(store: Store<unknown>, from: string, to: string): Promise<void> {
  const pending = await store.get(from)
  if (!pending) return

  const there = await store.get(to)
  const isAdded = await store.swap(to, there?.tag, joined(listed(there?.value), listed(pending.value)))
  const isMoved = isAdded && (await store.swap(from, pending.tag, undefined))
  if (!isMoved) await movePending(store, from, to)
}

/** Both lists, the newest at the end, and nothing twice: what `added` contains may be there already, from a move that was begun before. */
function joined(there: readonly unknown[], added: readonly unknown[]): readonly unknown[] {
  const known = new Set(added.map((one) => JSON.stringify(one)))
  return [...there.filter((one) => !known.has(JSON.stringify(one))), ...added].slice(-MOST_PENDING)
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function taken(): TokenManagerError {
  return new TokenManagerError(
    'ERR_INVALID_OPTION',
    'invalid_option',
    'There is a session of that name already: give rename() a new random name',
  )
}
