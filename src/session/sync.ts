import type { Session } from './session.ts'

/** The message that a record has changed. Later versions may only add optional members. */
interface Message {
  readonly version: 1
  readonly type: 'changed'
}

/** Tells the other contexts that the record has changed. They read it themselves, because a message could be forged. */
export function tellOthers({ platform, name }: Session): void {
  platform.channel.post(name, { version: 1, type: 'changed' } satisfies Message)
}

/**
 * Listens to messages of other contexts. After a message, nothing in memory is used until the record was read again. One read runs at a time, and
 * at most one more waits, however many messages come.
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
