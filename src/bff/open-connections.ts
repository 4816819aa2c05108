import type { SessionState } from '../session/state.ts'
import type { SessionCheck } from '../session-pool/check-session.ts'
import type { BffSettings } from './bff-settings.ts'

/** How often a session is checked from which nothing is heard, in milliseconds. A message from another host may have been lost. */
const LOOK = 15_000

/** What a connection does when something happens to its session. */
export interface ConnectionListener {
  /** Called when the session has changed or ended. After the state `signedOut` it is not called again. */
  changed(check: SessionCheck): void
  /** Called every 15 s, before the session is checked. */
  quiet?(): void
}

/**
 * Ties an open connection (an event stream or a WebSocket) to the session called `account`, as `followSession()` does, and counts it.
 * @returns a function to call when the connection is closed
 * @throws Refused 429 if the session has too many connections
 */
export function bindConnection(account: string, settings: BffSettings, listener: ConnectionListener): () => void {
  return followSession(account, settings, listener, settings.countConnection(account))
}

/**
 * Calls `listener` when the session called `account` changes or ends, on this host or another one. The call comes at once, or within 15 s if
 * a message between hosts was lost. Meanwhile the session stays in memory. Following it does not count as a use of the session.
 * @param done called when following has ended
 * @returns a function that ends following
 */
export function followSession(
  account: string,
  { sessions, clock }: BffSettings,
  { changed, quiet }: ConnectionListener,
  done = () => {},
): () => void {
  const stops: (() => void)[] = [done]
  let isOpen = true
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })

  const close = () => {
    isOpen = false
    for (const stop of stops.splice(0)) stop()
    release()
  }

  // The pool tells a session of denials, limits and messages only while the session is in use.
  sessions.use(account, () => held).catch(close)
  const tokens = sessions.get(account)
  stops.push(tokens.subscribe(heard))

  if (isOpen) wait()
  // `subscribe()` calls its listener at once, and the session was over already. This ends the subscription, too.
  else close()

  return close

  function heard(state: SessionState): void {
    if (isOver(state)) end({ state })
    else void look()
  }

  function end(check: SessionCheck): void {
    if (!isOpen) return

    close()
    changed(check)
  }

  async function look(): Promise<void> {
    const check = await sessions.check(account).catch(() => undefined)
    const isKnown = check !== undefined && check.state.status !== 'loading'
    if (!isOpen || !isKnown) return

    if (check.state.status === 'signedOut') end(check)
    else changed(check)
  }

  function wait(): void {
    const stop = clock.at(clock.elapsed() + LOOK, () => {
      stops.splice(stops.indexOf(stop), 1)
      quiet?.()
      void look().finally(() => isOpen && wait())
    })
    stops.push(stop)
  }
}

/** Whether the session has ended. `storage_lost` may only mean that the store could not be read. */
function isOver(state: SessionState): boolean {
  return state.status === 'signedOut' && state.reason !== 'storage_lost'
}
