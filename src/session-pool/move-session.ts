import { TokenManagerError } from '../errors.ts'
import type { Clock, Store } from '../ports.ts'
import { storeFailed } from '../session/outcome.ts'
import { type Found, NEWER_VERSION, readRecord, type SessionRecord, tombstone } from '../session/record.ts'
import type { Session } from '../session/session.ts'
import { pendingName } from '../session/transaction.ts'

/** How often to look whether a refresh is done, ms. */
const LAP = 50

/**
 * Moves what is stored of the session `from`, and of the sign-ins on their way to it, to the place of `to`. A refresh that is under way
 * is waited for. Once it resolves nothing can be had at `from`; if the process dies before, the session goes on there.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if there is something at `to`; `ERR_STORE_FAILED`, and then `from` may still count
 */
export async function moveSession(from: Session, to: Session): Promise<void> {
  const { store } = from.platform
  try {
    await moveRecord(from, to)
    await movePending(store, pendingName(from.name), pendingName(to.name))
  } catch (error) {
    throw error instanceof TokenManagerError ? error : storeFailed(error)
  }
}

async function moveRecord(from: Session, to: Session): Promise<void> {
  const { store, clock } = from.platform
  if (await store.get(to.name)) throw taken()
  for (;;) {
    const { record, tag, problem } = await settled(from)
    if (problem === 'newer') throw NEWER_VERSION
    if (!record || record.signedOut) return

    // First the new place, which nobody knows yet: if this process dies in between, no session is lost.
    const isCopied = await store.swap(to.name, undefined, record)
    if (!isCopied) throw taken()

    const isMoved = await store.swap(from.name, tag, ended(record, clock)).catch(giveUp)
    if (isMoved) return
    await remove()
  }

  async function remove() {
    const copy = await store.get(to.name)
    if (copy) await store.swap(to.name, copy.tag, undefined)
  }

  async function giveUp(cause: unknown): Promise<never> {
    await remove().catch(() => {})
    throw cause
  }
}

/** The record once nobody refreshes it, or whoever did counts as dead. */
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
 * The old place gets a signed-out record. Without any record, whoever has the session in memory would write it anew. Its tokens live
 * on at the new place, so none is revoked.
 */
function ended(record: SessionRecord, clock: Clock): SessionRecord {
  return { ...tombstone(record, { at: clock.now(), reason: 'renamed' }, []), outbox: [] }
}

async function movePending(store: Store<unknown>, from: string, to: string): Promise<void> {
  const pending = await store.get(from)
  if (!pending) return

  const there = await store.get(to)
  await store.swap(to, there?.tag, pending.value)
  const isMoved = await store.swap(from, pending.tag, undefined)
  if (!isMoved) await movePending(store, from, to)
}

function taken(): TokenManagerError {
  return new TokenManagerError(
    'ERR_INVALID_OPTION',
    'invalid_option',
    'There is a session of that name already: give rename() a new random name',
  )
}
