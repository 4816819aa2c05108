import { backOffLeft } from './claim.ts'
import type { HeldTokens } from './held-tokens.ts'
import type { Limits } from './limits.ts'
import { isKeyLost } from './lost-key.ts'
import type { Outbox } from './outbox.ts'
import type { SessionRecord } from './record.ts'
import type { Session } from './session.ts'
import type { SignOut } from './sign-out.ts'
import type { SessionState } from './state.ts'
import type { RefreshingTokenSource } from './token-source.ts'

/** What keeps a session fresh while nobody asks. */
export interface UpkeepParts {
  readonly session: Session
  readonly tokens: HeldTokens
  readonly source: RefreshingTokenSource
  readonly outbox: Outbox
  readonly limits: Limits
  readonly end: SignOut['end']
}

/** What `state` is while there is a living record. */
type SignedIn = Extract<SessionState, { status: 'signedIn' }>

/** A clock that was set by less than this is a clock that was adjusted. */
const CLOCK_JUMP = 30_000

/** Timers, page lifecycle and outbox. Returns a function that ends this. */
export function startUpkeep({ session, tokens, source, outbox, limits, end }: UpkeepParts): () => void {
  const { clock, lifecycle } = session.platform
  const { interval, signInTarget } = session.options
  let cancel = () => {}
  const refreshAt = () => tokens.get(signInTarget)?.refreshAt ?? Infinity
  const turnAt = ({ obtainedAt }: SessionRecord) => obtainedAt + (interval ?? Infinity)
  let offset = clock.now() - clock.elapsed()

  session.onEffect = (effect) => {
    if (effect === 'drain') return outbox.nudge()
    if (effect === 'key_lost')
      return void end('dpop_key_lost', undefined, (record) => isKeyLost(record, session.server.dpop))
    tokens.sync()
    arm()
    if (session.live) session.platform.refreshElsewhere?.join()
  }
  const stop = lifecycle.subscribe((event) => {
    if (event === 'hidden' || event === 'frozen') return arm()
    // Asleep or away, messages were lost: nothing is used before the record was read again.
    session.suspect()
    session.wake()
    void source
      .confirm()
      .then(arm)
      .catch(() => {})
    if (event === 'online') void outbox.drain()
  })
  return () => {
    stop()
    cancel()
  }

  function arm() {
    cancel()
    const due = dueIn()
    if (due < Infinity && !session.closed) cancel = clock.at(clock.elapsed() + due, tick)
  }

  /** Milliseconds until something has to be done without being asked. */
  function dueIn(): number {
    const { live, held } = session
    if (!live) return Infinity
    const now = clock.now()
    const elapsed = clock.elapsed()
    const limit = limits.next - now
    // A hidden page's timers are throttled: it leaves the refresh to those that are seen, and asks when it is used.
    if (!lifecycle.isVisible()) return limit
    const { retryAt = 0 } = held.state as SignedIn
    // What the record says counts for all contexts; without that, what a storage that refused asked for.
    const retry = live.failure ? backOffLeft(session, live) : retryAt - now
    const left = tokens.until - elapsed
    const due = Math.min(turnAt(live) - now, refreshAt() - elapsed)
    // Without a refresh token all that is left to do is to end with the last access token.
    const next = live.refreshToken ? Math.max(due, retry) : left
    // With the last access token a refresh that failed becomes something to show.
    const end = live.failure && left > 0 ? left : Infinity
    return Math.min(limit, Math.max(Math.min(next, end), MIN_GAP))
  }

  function tick() {
    jumped()
    const now = clock.now()
    const elapsed = clock.elapsed()
    void source
      .confirm()
      .then(() => {
        const { live } = session
        if (!live) return
        const isOver = limits.next <= clock.now() || tokens.until <= elapsed
        if (isOver) return source.get(signInTarget)
        if (!lifecycle.isVisible()) return
        if (turnAt(live) <= now) source.refreshAhead(signInTarget, 'interval')
        else if (refreshAt() <= elapsed) source.refreshAhead(signInTarget)
        return
      })
      .catch(() => {})
      .finally(arm)
  }

  function jumped() {
    const by = clock.now() - clock.elapsed() - offset
    offset += by
    if (Math.abs(by) >= CLOCK_JUMP) session.emit('clock_jumped', { by })
  }
}

/** The least time between two looks. */
const MIN_GAP = 1_000
