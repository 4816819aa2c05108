import { TokenManagerError } from '../errors.ts'
import type { EpochMs, Platform } from '../ports.ts'
import type { AccessToken, RefusalHint, StoredAccessToken, Target } from '../protocol/access-token.ts'
import { expiredOnArrival, type TokenAnswer } from '../protocol/token-set.ts'
import { storedAccessToken } from '../session/commit.ts'
import { earlyTokens } from '../session/early-tokens.ts'
import { type HeldToken, heldToken } from '../session/held-tokens.ts'
import type { ScheduleOptions } from '../session/schedule.ts'
import { unlessAborted } from '../session/unless-aborted.ts'
import { type BackOff, createBackOff } from './back-off.ts'
import type { ClientTokenEvents, ClientTokenEventType } from './events.ts'

/** One kind of token: what it is cached under, and how it is asked for. */
export interface TokenRequest {
  /** Unique for who it is for and what it is for. */
  readonly key: string
  readonly target: Target
  /** One request to the authorization server; never rejects. */
  readonly send: () => Promise<TokenAnswer | Unproven>
}

/** Nothing was sent: what proves a subject could not be had. */
export interface Unproven {
  readonly kind: 'unproven'
  readonly error: TokenManagerError
}

/** Tokens that can be asked for again at any time, so that none has to be kept. */
export interface TokenCache {
  /** The usable token in memory; asks for the next one ahead of its expiry. Synchronous. */
  current(key: string): AccessToken | undefined
  /** A usable token. `signal` ends only this wait; `minValidity`: for how long it has to live on, ms. */
  get(request: TokenRequest, signal?: AbortSignal, minValidity?: number): Promise<AccessToken>
  /** The token in place of one an API refused; `undefined` when none is to be had for now. */
  replace(
    request: TokenRequest,
    rejected: AccessToken,
    signal?: AbortSignal,
    hint?: RefusalHint,
  ): Promise<AccessToken | undefined>
  /**
   * Forgets tokens; an answer that is under way is not handed out any more, and nothing takes the place of one that an API refuses.
   * @param dropped gets each that lives, and those of answers that are under way as they come
   */
  drop(which: (key: string) => boolean, dropped: (token: string, target: Target) => void): void
  /** Whether it has this very token, for whomever. */
  holds(token: string): boolean
  /** Begins anew. */
  clear(): void
  /** How many tokens it remembers. */
  readonly size: number
}

/** What a cache is made of. */
export interface TokenCacheParts extends Pick<ScheduleOptions, 'leeway' | 'jitter'> {
  readonly platform: Pick<Platform, 'clock' | 'crypto'>
  /** The most tokens it remembers. Those that were not used for the longest time go first. */
  readonly limit: number
  emit<T extends ClientTokenEventType>(type: T, target: Target, details: ClientTokenEvents[T]): void
  /** Asks others first. Never rejects. Absent: nobody shares. */
  readonly shared?: (
    request: TokenRequest,
    isWanted: (token: StoredAccessToken) => boolean,
  ) => Promise<TokenAnswer | Unproven | StoredAccessToken>
}

interface Entry {
  request: TokenRequest
  held: HeldToken | undefined
  readonly backOff: BackOff
  running: Promise<TokenManagerError | undefined> | undefined
  /** When APIs refused tokens that were still fresh. */
  rejections: number[]
  used: number
  /** It was forgotten: what takes the tokens that nobody has any more. */
  dropped: ((token: string, target: Target) => void) | undefined
}

/** How many tokens refused while still fresh are replaced within a minute. */
const REJECTIONS = 3
const REJECTION_WINDOW = 60_000

/** An empty cache. It has no timers: what nobody uses is not asked for. */
export function tokenCache({ platform, limit, emit, shared, ...schedule }: TokenCacheParts): TokenCache {
  const { clock } = platform
  const entries = new Map<string, Entry>()
  /** For what has nothing to do with one token: the server cannot be reached or is in trouble, the client is refused. */
  const everybody = createBackOff(platform)
  const early = earlyTokens(clock)
  /** Where tokens that were handed out came from, also those that have been replaced since. */
  const origins = new WeakMap<AccessToken, Entry>()
  let uses = 0

  return {
    current(key) {
      const entry = entries.get(key)
      const held = entry && usable(entry)
      if (!held) return undefined
      entry.used = ++uses
      if (clock.elapsed() >= held.refreshAt && !wait(entry)) void obtain(entry, true)
      return held.token
    },
    async get(request, signal, minValidity) {
      const entry = entryOf(request)
      for (let error: TokenManagerError | undefined, tries = 0; ; tries++) {
        if (entry.dropped) throw forgotten()
        const held = usable(entry, minValidity)
        if (held) {
          if (clock.elapsed() >= held.refreshAt && !wait(entry)) void obtain(entry, true)
          return held.token
        }
        // A token in its last moments is better than none.
        const still = error && usable(entry, 0)
        if (still) return still.token
        if (error) throw error
        if (tries) throw new TokenManagerError('ERR_RESPONSE_INVALID', 'invalid_token_response', TOO_SHORT)
        error = await unlessAborted(obtain(entry), signal)
      }
    },
    async replace(request, rejected, signal, reason) {
      if (origins.get(rejected)?.dropped) return undefined
      const entry = entryOf(request)
      const { held } = entry
      if (held?.token === rejected && !held.rejected) {
        const tell = (replaced = false) => emit('token_rejected', request.target, { replaced, reason })
        // A newer token would count even later.
        if (reason === 'not_yet_valid')
          return (await early(rejected, signal, tell)) && !entry.dropped ? usable(entry, 0)?.token : undefined
        const now = clock.elapsed()
        entry.rejections = entry.rejections.filter((at) => now - at < REJECTION_WINDOW)
        // The server has no other token to give.
        const wasReturned = now - (held.returnedAt ?? -Infinity) < REJECTION_WINDOW
        const replaced = entry.rejections.length < REJECTIONS && !wasReturned
        tell(replaced)
        // An API that refuses every token: the present one is as good as the next.
        if (!replaced) return undefined
        held.rejected = true
        entry.rejections.push(now)
      }
      if (!usable(entry, 0)) await unlessAborted(obtain(entry), signal)
      return entry.dropped ? undefined : usable(entry, 0)?.token
    },
    drop(which, dropped) {
      const gone = [...entries].filter(([key]) => which(key))
      for (const [key] of gone) entries.delete(key)
      for (const [, entry] of gone) {
        const { held } = entry
        if (held && clock.elapsed() < held.deadAt) dropped(held.token.value, entry.request.target)
        entry.dropped = dropped
        entry.held = undefined
      }
    },
    holds: (token) => [...entries.values()].some(({ held }) => held?.token.value === token),
    clear: () => entries.clear(),
    get size() {
      return entries.size
    },
  }

  function entryOf(request: TokenRequest): Entry {
    let entry = entries.get(request.key)
    if (!entry) {
      entry = { ...NEW, request, backOff: createBackOff(platform), rejections: [], used: 0 }
      entries.set(request.key, entry)
      if (entries.size > limit) evict(entry)
    }
    entry.request = request
    entry.used = ++uses
    return entry
  }

  /** Makes room in one go, so that a full cache is not searched for every new token. */
  function evict(latest: Entry) {
    const idle = [...entries.entries()].filter(([, entry]) => !entry.running && entry !== latest)
    idle.sort(([, a], [, b]) => a.used - b.used)
    for (const [key] of idle.slice(0, Math.max(1, Math.ceil(limit / 20)))) entries.delete(key)
  }

  function usable({ held }: Entry, minValidity?: number): HeldToken | undefined {
    if (!held || held.rejected) return undefined
    if (clock.elapsed() >= (minValidity === undefined ? held.waitAt : held.deadAt - minValidity)) return undefined
    return (held.stored.expiresAt ?? Infinity) > clock.now() ? held : undefined
  }

  function wait({ backOff }: Entry): TokenManagerError | undefined {
    return everybody.error ?? backOff.error
  }

  /** One request for any number of callers. Resolves with why there is no new token; never rejects. */
  function obtain(entry: Entry, ahead = false): Promise<TokenManagerError | undefined> {
    const error = wait(entry)
    if (error) return Promise.resolve(error)
    entry.running ??= obtainNow(entry, ahead).finally(() => {
      entry.running = undefined
    })
    return entry.running
  }

  async function obtainNow(entry: Entry, ahead: boolean): Promise<TokenManagerError | undefined> {
    const { request, backOff, held: before } = entry
    const { target } = request
    const began = clock.elapsed()
    const isWanted = (token: StoredAccessToken) => {
      const times = heldToken(token, platform, schedule)
      // Some servers answer with the text they gave before: then a later request brought it.
      const isNew = token.value !== before?.token.value || token.obtainedAt > before.stored.obtainedAt
      return isNew && clock.elapsed() < times.waitAt && times.refreshAt > clock.elapsed()
    }
    const answer = unlessExpired(await (shared?.(request, isWanted) ?? request.send()), clock.now())
    const duration = clock.elapsed() - began
    if ('value' in answer || answer.kind === 'tokens') {
      const mine = 'kind' in answer
      const stored = mine ? toStored(answer, target) : answer
      if (entry.dropped) entry.dropped(stored.value, target)
      else {
        entry.held = heldToken(stored, platform, schedule, before)
        origins.set(entry.held.token, entry)
      }
      everybody.succeeded()
      backOff.succeeded()
      if (mine) emit('obtained', target, { duration, ahead })
      else emit('adopted', target, {})
      return undefined
    }
    // A grant that keeps nothing has nothing to lose by a request that was not sent.
    if (answer.kind === 'unsent') return undefined
    const { error } = answer
    const whose = concernsEverybody(answer) ? everybody : backOff
    // Who is signed out may be signed in again at any moment.
    if (error.code !== 'ERR_SIGNED_OUT')
      whose.failed(error, began, answer.kind === 'transient' ? answer.retryAfter : undefined)
    const { reason, status, retryAt } = error
    emit('request_failed', target, { reason, duration, status, retryAt, usable: usable(entry, 0) !== undefined })
    return error
  }
}

const NEW = { held: undefined, running: undefined, dropped: undefined }
const TOO_SHORT = 'The new access token had already expired, or lives shorter than asked for'

/** Whether a failure says something of the server or of the client, and not of this one request alone. */
function concernsEverybody(answer: Exclude<TokenAnswer | Unproven, { kind: 'tokens' | 'unsent' }>): boolean {
  if (answer.kind === 'unproven') return false
  const { reason } = answer.error
  if (answer.kind !== 'transient') return reason === 'invalid_client'
  // A server that answers 503, 429 or not at all is in trouble. One that fails at a request (500) may do so for this subject only.
  const failedAtIt = reason === 'server_unavailable' && answer.lost
  return !failedAtIt && reason !== 'unexpected_redirect'
}

/** A token that is of no use when it comes is a failure, so that the next request waits. */
function unlessExpired<T extends TokenAnswer | Unproven | StoredAccessToken>(given: T, now: EpochMs): T | TokenAnswer {
  const isAnswer = 'kind' in given && given.kind === 'tokens'
  const error = isAnswer ? expiredOnArrival(given.response, now) : undefined
  return error ? { kind: 'invalid', error } : given
}

/** A token answer as it is kept. */
export function toStored({ response }: TokenAnswer & { kind: 'tokens' }, target: Target): StoredAccessToken {
  return storedAccessToken(response, target.scope ?? '', target.resource)
}

/** For whoever asked before the subject was forgotten. */
export function forgotten(): TokenManagerError {
  return new TokenManagerError('ERR_SIGNED_OUT', 'signed_out', 'What the token was derived from has ended')
}
