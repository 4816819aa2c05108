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
  /** How many messages have come since the record was last known to say it all. */
  let heard = 0
  return session.platform.channel.subscribe(session.name, (message) => {
    if (!isMessage(message)) return
    session.heard()
    if (heard++ === 0) void readAll()
  })

  async function readAll() {
    let known: number
    do {
      known = heard
      await session.read().catch(() => session.emit('store_failed', { during: 'read' }))
    } while (heard > known && !session.closed)
    heard = 0
  }
}

function isMessage(message: unknown): message is Message {
  const given: Partial<Message> = Object(message)
  return Number.isInteger(given.version) && given.type === 'changed'
}
