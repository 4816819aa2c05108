import { backOffLeft } from './claim.ts'
import type { HeldTokens } from './held-tokens.ts'
import type { Limits } from './limits.ts'
import { isKeyLost } from './lost-key.ts'
import type { Outbox } from './outbox.ts'
import type { SessionRecord } from './record.ts'
import { backOff, fraction } from './schedule.ts'
import type { Session } from './session.ts'
import type { SignOut } from './sign-out.ts'
import type { SessionState } from './state.ts'
import type { RefreshingTokenSource } from './token-source.ts'

/** What {@link startUpkeep} needs. */
export interface UpkeepParts {
  readonly session: Session
  readonly tokens: HeldTokens
  readonly source: RefreshingTokenSource
  readonly outbox: Outbox
  readonly limits: Limits
  readonly end: SignOut['end']
}

/** The state while somebody is signed in. */
type SignedIn = Extract<SessionState, { status: 'signedIn' }>

/** A clock that is set by less than this, in milliseconds, was only adjusted, which is not reported. */
const CLOCK_JUMP = 30_000

/** Over how long tabs spread what they do when the last access token has expired, in milliseconds. */
const SPREAD = 200

/** Keeps the session fresh in the background: by timers, and when the page becomes visible or online. Returns a function that ends this. */
export function startUpkeep({ session, tokens, source, outbox, limits, end }: UpkeepParts): () => void {
  const { clock, crypto, lifecycle } = session.platform
  const { interval, signInTarget } = session.options
  let cancel = () => {}
  /** How many tries in a row have changed nothing. */
  let tries = 0
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

    // While the page slept or was offline, messages may have been lost. So the record is read again before anything is used.
    session.suspect()
    session.wake()
    tries = 0
    void source.confirm().then(arm)
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

  /** The time until something has to be done in the background, in milliseconds. */
  function dueIn(): number {
    const { live, held } = session
    if (!live) return Infinity

    const now = clock.now()
    const elapsed = clock.elapsed()
    const limit = limits.next - now
    // Browsers delay the timers of a hidden page. Visible pages refresh instead, and this one does when it is used.
    if (!lifecycle.isVisible()) return limit

    const { retryAt = 0 } = held.state as SignedIn
    // A failure in the record has its own back-off, which all contexts share. A storage that failed may ask for a pause too.
    const retry = live.failure ? backOffLeft(session, live) : retryAt - now
    const left = tokens.until - elapsed
    const due = Math.min(turnAt(live) - now, refreshAt() - elapsed)
    // Without a refresh token, the session ends when the last access token expires.
    const next = live.refreshToken ? Math.max(due, retry) : left
    if (next > 0) tries = 0
    const random = fraction(crypto)
    // If a refresh has failed, the state has to show it when the last access token expires; not in all tabs at the same moment.
    const hasFailed = live.failure || tries > 0
    const end = hasFailed && left > 0 ? left + SPREAD * random : Infinity
    // Some failures are not in the record, because the page was offline or the store failed. Then the time between two tries grows here.
    return Math.min(limit, end, Math.max(next, backOff(tries, random)))
  }

  function tick() {
    const now = clock.now()
    const elapsed = clock.elapsed()
    const by = now - elapsed - offset
    offset += by
    if (Math.abs(by) >= CLOCK_JUMP) session.emit('clock_jumped', { by })

    tries++
    void source
      .confirm()
      .then(limits.check)
      .then(() => {
        const { live } = session
        if (!live || !lifecycle.isVisible()) return

        const isOver = tokens.until <= elapsed
        const isDue = isOver || refreshAt() <= elapsed
        const reason = turnAt(live) <= now ? 'interval' : undefined
        if (reason || isDue) source.refreshAhead(signInTarget, reason, isOver)
      })
      .then(arm)
  }
}
