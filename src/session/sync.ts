import type { Session } from './session.ts'

/** Says that a record changed. Later versions only add optional members. */
interface Message {
  readonly version: 1
  readonly type: 'changed'
}

/** Tells the other contexts that the record changed. What it says now, they read for themselves: a message proves nothing. */
export function tellOthers({ platform, name }: Session): void {
  platform.channel.post(name, { version: 1, type: 'changed' } satisfies Message)
}

/**
 * Hears of changes. From a message on, nothing in memory is used before the record was read again. However many messages come,
 * one read is under way and at most one waits.
 */
export function hearOthers(session: Session): () => void {
  let reading = false
  let again = false
  return session.platform.channel.subscribe(session.name, (message) => {
    if (!isMessage(message)) return
    session.suspect()
    session.wake()
    if (reading) again = true
    else void readAll()
  })

  async function readAll() {
    reading = true
    do {
      again = false
      await session.read().catch(() => session.emit('store_failed', { during: 'read' }))
    } while (again && !session.closed)
    reading = false
  }
}

function isMessage(message: unknown): message is Message {
  const given: Partial<Message> = Object(message)
  return Number.isInteger(given.version) && given.type === 'changed'
}
