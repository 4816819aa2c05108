import { TokenManagerError } from '../errors.ts'
import type { AccessToken, Target, TokenSource } from '../protocol/access-token.ts'
import { backOffLeft } from './claim.ts'
import { refusesTarget } from './commit.ts'
import { earlyTokens } from './early-tokens.ts'
import { PERSON_DELAY } from './failure.ts'
import type { HeldTokens } from './held-tokens.ts'
import type { Limits } from './limits.ts'
import { quickMoment } from './moment.ts'
import { type RefreshFailure, type RefreshOutcome, signedOutError } from './outcome.ts'
import { continues, type SessionRecord } from './record.ts'
import { type RefreshRequest, refreshOnce } from './refresh.ts'
import { lacking, union, unmet } from './scope.ts'
import type { Session } from './session.ts'
import type { SignOut } from './sign-out.ts'
import { tellOthers } from './sync.ts'
import { targetKey } from './target-key.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Where the manager gets tokens from. */
export interface RefreshingTokenSource extends TokenSource {
  /** `grant`: whose token it has to be; default: of the session that lives now. */
  get(target: Target, signal?: AbortSignal, minValidity?: number, grant?: string): Promise<AccessToken>
  /** A new access token now, whatever the present one is good for. */
  refresh(target: Target, reason?: string, grant?: string): Promise<AccessToken>
  /** The grant a token was handed out for. */
  readonly grantOf: HeldTokens['grantOf']
  /** Refreshes without anybody waiting for it. */
  refreshAhead(target: Target, reason?: string): void
  /** Reads the record unless that was done within `confirmInterval`. */
  confirm(): Promise<void>
}

/** What a token source is made of. */
export interface TokenSourceParts {
  readonly session: Session
  readonly tokens: HeldTokens
  /** The first read, done once. */
  readonly ready: () => Promise<unknown>
  /** Ends the session for a reason that only this client knows. */
  readonly end: SignOut['end']
  readonly limits: Limits
}

/** How many tokens refused while still fresh are replaced within a minute. */
const REJECTIONS = 3
const REJECTION_WINDOW = 60_000
/** How often the record is read until nothing was heard meanwhile. */
const READS = 9
/** The least time between two refreshes that nobody waits for. */
const QUIET = 1_000

/** Takes tokens from memory, and refreshes: one at a time for the grant, however many ask. */
export function tokenSource({ session, tokens, ready, end, limits }: TokenSourceParts): RefreshingTokenSource {
  const { clock } = session.platform
  const { confirmInterval } = session.options
  let running: { readonly key: string; readonly outcome: Promise<RefreshOutcome> } | undefined
  let reading: Promise<boolean> | undefined
  let rejections: number[] = []
  let quietUntil = -Infinity
  let lastTold = ''
  const quickly = quickMoment(clock, session.pause)
  const early = earlyTokens(session.wait)
  /** What the server will not give for this grant, however often it is asked. */
  const refused = new Map<string, RefreshOutcome>()

  const source: RefreshingTokenSource = {
    current(target) {
      const at = quickly()
      const held = tokens.usable(target, undefined, at)
      if (!held || at.now >= limits.next) return undefined
      const age = session.age(at)
      if (age > confirmInterval) return undefined
      // So that a session in steady use never has to wait for the read.
      if (age > confirmInterval / 2) void reread()
      if (tooNarrow(held.token, target)) return undefined
      if (at.elapsed >= held.refreshAt) source.refreshAhead(target)
      limits.used(at.now)
      return held.token
    },
    grantOf: tokens.grantOf,
    async get(target, signal, minValidity, grant) {
      let from = grant ?? session.live?.grantId
      for (let last: RefreshOutcome | undefined; ; ) {
        await upToDate(signal)
        const now = grantNow(target, from)
        if (now !== from) last = undefined
        from = now

        const held = tokens.usable(target, minValidity)
        if (held) {
          const missing = tooNarrow(held.token, target)
          if (missing) throw scopeError(missing)
          if (clock.elapsed() >= held.refreshAt && !last) source.refreshAhead(target)
          limits.used()
          return held.token
        }
        if (last) {
          // A token in its last moments is better than none.
          const still = tokens.usable(target, 0)
          if (still) return still.token
          throw errorOf(last, session)
        }
        last = await unlessAborted(refresh(target), signal)
      }
    },
    async replace(target, rejected, signal, reason) {
      const held = tokens.get(target)
      // Where another person has signed in since, the call goes no further.
      const isOurs = () => continues(session.live, tokens.grantOf(rejected))
      const present = async () => {
        // Meanwhile this context may have heard that the session is over.
        await unlessAborted(source.confirm(), signal)
        return isOurs() ? tokens.usable(target, 0)?.token : undefined
      }
      if (!isOurs()) return undefined
      if (held?.token === rejected && !held.rejected) {
        const tell = (replaced = false) => session.emit('token_rejected', { replaced, reason })
        // A newer token would count even later.
        if (reason === 'not_yet_valid') return (await early(rejected, signal, tell)) ? present() : undefined
        const now = clock.elapsed()
        rejections = rejections.filter((at) => now - at < REJECTION_WINDOW)
        // The server has no other token to give.
        const wasReturned = now - (held.returnedAt ?? -Infinity) < REJECTION_WINDOW
        const replaced = rejections.length < REJECTIONS && !wasReturned
        tell(replaced)
        // An API that refuses every token: the present one is as good as the next.
        if (!replaced) return undefined
        held.rejected = true
        rejections.push(now)
      }
      if (!tokens.usable(target, 0)) await unlessAborted(refresh(target, 'token_rejected'), signal)
      return present()
    },
    async refresh(target, reason, grant) {
      let from = grant ?? session.live?.grantId
      for (let last: RefreshOutcome | undefined; ; ) {
        await upToDate()
        const now = grantNow(target, from)
        const held = tokens.usable(target, 0)
        const isNew = last && (!last.error || last.held !== undefined)
        if (held && isNew) return held.token
        if (last && now === from) throw errorOf(last, session)
        from = now

        last = await refresh(target, reason, true)
      }
    },
    refreshAhead(target, reason) {
      const { live } = session
      const isBackingOff = live && backOffLeft(session, live) > 0
      const isWelcome = !running && !isBackingOff && clock.elapsed() >= quietUntil
      if (isWelcome) refresh(target, reason).catch(() => {})
    },
    async confirm() {
      await ready()
      const since = clock.elapsed() - confirmInterval
      const isOld = () => session.age() > clock.elapsed() - since
      // A read that is under way may have begun before whatever made this necessary, and so may the next one.
      for (let reads = 0; reads < READS && isOld(); reads++) if (!(await reread())) return
    },
  }
  return source

  /** Looks at the storage, if it is time, and ends what is over. */
  async function upToDate(signal?: AbortSignal): Promise<void> {
    await unlessAborted(source.confirm(), signal)
    await limits.check()
  }

  /**
   * The grant of the living session; with `from`, only if it is that one or goes on with it. Whoever takes a token of that grant does so in
   * the same turn: in the next one another person may be signed in.
   */
  function grantNow(target: Target, from: string | undefined): string {
    const { live } = session
    if (!live && session.locked) throw session.locked
    const isOurs = from === undefined || continues(live, from)
    if (!live || !isOurs) throw signedOutError(session)
    const missing = lacking(target.scope, union(live.scope, live.requestedScope))
    if (missing) throw scopeError(missing)
    return live.grantId
  }

  /** Whether the record could be read. */
  function reread(): Promise<boolean> {
    reading ??= session
      .read()
      .then(
        () => true,
        () => {
          session.emit('store_failed', { during: 'read' })
          return false
        },
      )
      .finally(() => (reading = undefined))
    return reading
  }

  async function refresh(target: Target, reason?: string, asked = false): Promise<RefreshOutcome> {
    // From now on: what another context brings while this waits for its turn is good enough.
    const from = session.live
    if (!from) return { outcome: 'signed_out' }
    const key = from.grantId + targetKey(target)
    // One at a time for the grant: the next one needs the refresh token this one brings (RFC 6749 §6).
    while (running && running.key !== key) await running.outcome
    const known = running?.outcome ?? refused.get(key)
    if (known) return known
    const outcome = refreshAndTell(from, { target, reason, asked }).finally(() => (running = undefined))
    running = { key, outcome }
    return outcome
  }

  async function refreshAndTell(
    from: SessionRecord,
    { target, reason, asked }: Omit<RefreshRequest, 'from'>,
  ): Promise<RefreshOutcome> {
    const began = clock.elapsed()
    const { grantId, generation } = from
    // The worker only has a head start: what it brought is adopted, and what it did not bring is fetched here.
    await session.platform.refreshElsewhere?.({ grantId, generation }, target)
    const result = await refreshOnce(session, { from, target, reason, asked })
    const { outcome, error, heard } = result
    const duration = clock.elapsed() - began
    const { live } = session
    // What the record says counts for all contexts; without that, what a storage that refused asked for.
    const backOff = live?.failure ? 0 : (error?.retryAt ?? 0) - clock.now()
    quietUntil = clock.elapsed() + Math.max(QUIET, backOff)

    switch (outcome) {
      case 'refreshed':
        session.emit('refreshed', { duration, attempt: result.attempt, reason })
        tellOthers(session)
        return result
      case 'adopted':
      case 'superseded':
        session.emit('waited', { duration })
        return result
      case 'signed_out':
        return result
    }
    // One failure is heard of by every call until it is over, and told once.
    const mark = `${live?.grantId} ${live?.generation} ${live?.failure?.beat}`
    const isNews = !heard || mark !== lastTold
    lastTold = mark
    const told = await shown(result, from, target)
    const { reason: why, status, retryAt } = error
    if (isNews) session.emit('refresh_failed', { outcome, reason: why, duration, status, retryAt })
    return told
  }

  /** Shows a failure in the state, or ends the session; what callers are told of it. */
  async function shown(result: RefreshFailure, from: SessionRecord, target: Target): Promise<RefreshOutcome> {
    const { live } = session
    const { outcome, error, heard } = result
    const usable = tokens.until > clock.elapsed()
    // What the server does not give to one target changes nothing for the others.
    if (refusesTarget(session, target, error)) {
      const told = lackingScope(result, target, live)
      const key = from.grantId + targetKey(target)
      refused.set(key, told)
      // A person may have done something about it.
      if (error.reason === 'interaction_required') void session.wait(PERSON_DELAY).then(() => refused.delete(key))
      return told
    }
    switch (outcome) {
      case 'rejected':
      case 'user_changed':
      case 'dpop_key_lost':
        tellOthers(session)
        break
      case 'expired':
      case 'outcome_unknown':
        // Whoever has signed out meanwhile has nothing left to end.
        if (usable || !live) break
        await end(outcome, error, (now) => now.generation === from.generation && !now.refreshToken)
        break
      default:
        // The record may have moved on in the same failure: a useless answer that brought a new refresh token.
        session.apply({ type: 'refresh_failed', from: sameGrant(live, from), error, usable })
        // There is something to show for every context.
        if (!heard && session.live?.failure?.personNeeded) tellOthers(session)
    }
    return result
  }

  /** What a token lacks of the scope that `target` asks for. */
  function tooNarrow(token: AccessToken, { scope }: Target): string | undefined {
    const { live } = session
    return scope && unmet(scope, token.scope, live?.requestedScope ?? live?.scope ?? '')
  }
}

const sameGrant = (live: SessionRecord | undefined, from: SessionRecord) =>
  live?.grantId === from.grantId ? live : from

function errorOf(outcome: RefreshOutcome, session: Session): TokenManagerError {
  if (outcome.outcome === 'signed_out') return signedOutError(session)
  const message = 'The access token came expired'
  return outcome.error ?? new TokenManagerError('ERR_RESPONSE_INVALID', 'invalid_token_response', message)
}

/** A scope that was asked for when signing in, and that the server does not give: the person may have said no to it. */
function lackingScope(result: RefreshOutcome, target: Target, live: SessionRecord | undefined): RefreshOutcome {
  const missing = lacking(target.scope, live?.scope)
  return missing ? { outcome: 'failed', error: scopeError(missing, result.error) } : result
}

function scopeError(scope: string, cause?: TokenManagerError): TokenManagerError {
  const what = 'The grant lacks a scope: signIn({ stepUp: stepUp(error) }) asks for it'
  return new TokenManagerError('ERR_STEP_UP_REQUIRED', 'insufficient_scope', what, { scope, cause })
}
