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
  /**
   * As in {@link TokenSource}.
   * @param grant the grant that the token has to be of. Default: that of the present session
   * @param asked whether it has to be a new token
   * @param reason of the refresh, for the event
   */
  get(
    target: Target,
    signal?: AbortSignal,
    minValidity?: number,
    grant?: string,
    asked?: boolean,
    reason?: string,
  ): Promise<AccessToken>
  /** Gets a new access token now, also if the present one is still valid. */
  refresh(target: Target, reason?: string, grant?: string): Promise<AccessToken>
  /** The grant that a token belongs to. */
  readonly grantOf: HeldTokens['grantOf']
  /** Refreshes in the background. `always`: also if a refresh has failed a short time ago. */
  refreshAhead(target: Target, reason?: string, always?: boolean): void
  /** Reads the record, unless it was read within `confirmInterval`. */
  confirm(): Promise<void>
}

/** What a token source needs. */
export interface TokenSourceParts {
  readonly session: Session
  readonly tokens: HeldTokens
  /** Resolves when the session has started. */
  readonly ready: () => Promise<unknown>
  /** Ends the session for a reason that this client has found. */
  readonly end: SignOut['end']
  readonly limits: Limits
}

/** How many tokens that an API refused before they expired are replaced within a minute. */
const REJECTIONS = 3
const REJECTION_WINDOW = 60_000
/** How often the record is read at most if messages about changes keep coming in. */
const READS = 9
/** The shortest time between two refreshes in the background, in milliseconds. */
const QUIET = 1_000

/** Makes the source that takes tokens from memory and refreshes them. There is one refresh of the grant at a time, and callers share it. */
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
  /** The outcomes for targets that the server refuses to give a token for, for the grant in the key. They are not tried again. */
  const refused = new Map<string, RefreshOutcome>()

  const source: RefreshingTokenSource = {
    current(target) {
      const at = quickly()
      const held = tokens.usable(target, undefined, at)
      if (!held || at.now >= limits.next) return undefined

      const age = session.age(at)
      if (age > confirmInterval) return undefined
      // The record is read early in the background, so that a session that is in use all the time never waits for it.
      if (age > confirmInterval / 2) void reread()

      if (tooNarrow(held.token, target)) return undefined
      if (at.elapsed >= held.refreshAt) source.refreshAhead(target)

      limits.used(at.now)
      return held.token
    },
    grantOf: tokens.grantOf,
    async get(target, signal, minValidity, grant, asked, reason) {
      let from = grant ?? session.live?.grantId
      for (let last: RefreshOutcome | undefined; ; ) {
        await unlessAborted(source.confirm(), signal)
        await limits.check()

        const now = grantNow(target, from)
        // Tokens of a sign-in that was completed meanwhile are new, too.
        const isNew = !asked || (last && (!last.error || last.held !== undefined))
        if (now !== from) last = undefined
        from = now
        const isUse = !asked && !last
        if (isUse) limits.used()

        const held = isNew ? tokens.usable(target, minValidity) : undefined
        if (held) {
          const missing = tooNarrow(held.token, target)
          if (missing) throw scopeError(missing)

          if (clock.elapsed() >= held.refreshAt && !last) source.refreshAhead(target)
          return held.token
        }

        if (last) {
          // The refresh failed. A token that expires in a moment is better than an error.
          const still = !asked && tokens.usable(target, 0)
          if (still) return still.token

          throw errorOf(last, session)
        }

        last = await unlessAborted(refresh(target, reason, asked), signal)
      }
    },
    async replace(target, rejected, signal, reason) {
      const held = tokens.get(target)
      const present = async () => {
        // The session may have ended while this call waited. A message about that makes confirm() read the record.
        await unlessAborted(source.confirm(), signal)
        // If another person has signed in since, the call must not get that person's token.
        const isOurs = continues(session.live, tokens.grantOf(rejected))
        return isOurs ? tokens.usable(target, 0)?.token : undefined
      }

      if (held?.token === rejected && !held.rejected) {
        const tell = (replaced = false) => session.emit('token_rejected', { replaced, reason })
        // A newer token would become valid even later. So the same token is tried again after a short wait.
        if (reason === 'not_yet_valid') return (await early(rejected, signal, tell)) ? present() : undefined

        const now = clock.elapsed()
        rejections = rejections.filter((at) => now - at < REJECTION_WINDOW)
        // The server has just given the same token again. Another refresh would not help.
        const wasReturned = now - (held.returnedAt ?? -Infinity) < REJECTION_WINDOW
        const isUseful = rejections.length < REJECTIONS && !wasReturned
        const replaced = isUseful && session.live?.refreshToken !== undefined
        tell(replaced)
        // There can be no other token, or the API refuses every token, so another one would be refused too.
        if (!replaced) return undefined

        held.rejected = true
        rejections.push(now)
      }

      if (!tokens.usable(target, 0)) await unlessAborted(refresh(target, 'token_rejected'), signal)
      return present()
    },
    refresh: (target, reason, grant) => source.get(target, undefined, 0, grant, true, reason),
    refreshAhead(target, reason, always) {
      const { live } = session
      const isBackingOff = live && backOffLeft(session, live) > 0
      const isWelcome = !running && !isBackingOff && clock.elapsed() >= quietUntil
      if (always || isWelcome) void refresh(target, reason)
    },
    async confirm() {
      await ready()

      const since = clock.elapsed() - confirmInterval
      const isOld = () => session.age() > clock.elapsed() - since
      // One read may not be enough: a message may come while it runs, and then it began too early.
      for (let reads = 0; reads < READS && isOld(); reads++) if (!(await reread())) return
    },
  }
  return source

  /**
   * The grant of the present session. With `from`, it has to be that grant, or the one that follows it for the same person. The caller has to take
   * the token in the same turn: in the next turn another person may be signed in.
   * @throws TokenManagerError if there is no such session, or if the grant lacks the scope of `target`
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

  /** Reads the record. Callers at the same time share the read. Gives false if it could not be read. */
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

  async function refresh(target: Target, reason?: string, asked?: boolean): Promise<RefreshOutcome> {
    // Noted before any wait. Tokens that another context gets while this call waits for its turn are good enough.
    const from = session.live
    if (!from) return { outcome: 'signed_out' }

    const key = from.grantId + targetKey(target)
    // One refresh at a time for the grant, because the next one needs the refresh token that this one brings (RFC 6749 §6).
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

    // The worker tries first. If it has got tokens, refreshOnce() adopts them. If not, refreshOnce() sends the refresh token itself.
    await session.platform.refreshElsewhere?.({ grantId, generation }, target)

    const result = await refreshOnce(session, { from, target, reason, asked })
    const { outcome, error, heard } = result
    const duration = clock.elapsed() - began
    const { live } = session

    // A failure in the record has its own back-off, which all contexts share. A storage that failed may ask for a pause too.
    const backOff = live?.failure ? 0 : (error?.retryAt ?? 0) - clock.now()
    quietUntil = clock.elapsed() + Math.max(QUIET, backOff)

    if (result.outcome === 'refreshed') {
      session.emit('refreshed', { duration, attempt: result.attempt, reason })
      tellOthers(session)
    }
    if (outcome === 'adopted') session.emit('waited', { duration })
    if (!result.error) return result

    // Every call during the back-off finds the same failure in the record. The event is sent only once for it.
    const mark = `${live?.grantId} ${live?.failure?.beat}`
    const isNews = !heard || mark !== lastTold
    lastTold = mark

    const told = await shown(result, from, target)
    const { reason: why, status, retryAt } = result.error
    if (isNews) session.emit('refresh_failed', { outcome, reason: why, duration, status, retryAt })
    return told
  }

  /** Shows a failure in the state, or ends the session because of it. Gives the outcome for the callers. */
  async function shown(result: RefreshFailure, from: SessionRecord, target: Target): Promise<RefreshOutcome> {
    const { live } = session
    const { outcome, error, heard } = result
    const usable = tokens.until > clock.elapsed()

    // The server refuses only this target. That changes nothing for tokens for other targets.
    if (refusesTarget(session, target, error)) {
      const told = lackingScope(result, target, live)
      const key = from.grantId + targetKey(target)
      refused.set(key, told)
      // Tried again after a while, because the person may have done what the server wants.
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
        // If `live` is undefined, the session has ended in the meantime.
        if (usable || !live) break
        await end(outcome, error, (now) => now.generation === from.generation && !now.refreshToken)
        break
      default:
        // The record may have changed because of this failure: the answer was useless, but it brought a new refresh token.
        session.apply({ type: 'refresh_failed', from: sameGrant(live, from), error, usable })
        // The other contexts have to show it too.
        if (!heard && session.live?.failure?.personNeeded) tellOthers(session)
    }

    return result
  }

  /** The part of the scope of `target` that the token lacks. */
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

/** The outcome if the server does not give a scope that the sign-in asked for. The person may have refused it. */
function lackingScope(result: RefreshOutcome, target: Target, live: SessionRecord | undefined): RefreshOutcome {
  const missing = lacking(target.scope, live?.scope)
  return missing ? { outcome: 'failed', error: scopeError(missing, result.error) } : result
}

function scopeError(scope: string, cause?: TokenManagerError): TokenManagerError {
  const what = 'The grant lacks a scope: signIn({ stepUp: stepUp(error) }) asks for it'
  return new TokenManagerError('ERR_STEP_UP_REQUIRED', 'insufficient_scope', what, { scope, cause })
}
