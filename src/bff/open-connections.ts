import type { SessionState } from '../session/state.ts'
import type { SessionCheck } from '../session-pool/check-session.ts'
import type { BffSettings } from './bff-settings.ts'

/** How often a session is looked at on which nothing happens, ms: a message of another host can be lost. */
const LOOK = 15_000

/** What hears of the session it belongs to. */
export interface ConnectionListener {
  /** The session changed, or ended: a state of `signedOut` is the last one. */
  changed(check: SessionCheck): void
  /** Time went by and nothing happened. */
  quiet?(): void
}

/**
 * Binds an open connection (an event stream, a socket) to the session called `account`, as `followSession()` does.
 * @returns unbinds it
 * @throws Refused 429 if the session has too many of them
 */
export function bindConnection(account: string, settings: BffSettings, listener: ConnectionListener): () => void {
  return followSession(account, settings, listener, settings.countConnection(account))
}

/**
 * Follows the session called `account`, which stays in memory meanwhile. Whatever ends it, here or on another host, is told at once; a message
 * that was lost costs 15 s. Looking keeps no session alive.
 * @param done called once it is over
 * @returns ends it
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

  // Denials, limits and messages are heard of by those sessions alone that somebody uses.
  sessions.use(account, () => held).catch(close)
  const tokens = sessions.get(account)
  stops.push(tokens.subscribe(heard))
  if (isOpen) wait()
  // What it heard at once was that the session is over.
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

/** Whether nobody is signed in any more. That the store says nothing does not mean that. */
function isOver(state: SessionState): boolean {
  return state.status === 'signedOut' && state.reason !== 'storage_lost'
}
