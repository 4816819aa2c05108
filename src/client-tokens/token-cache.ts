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

/** Nothing was sent, because the application could not give what proves the subject. */
export interface Unproven {
  readonly kind: 'unproven'
  readonly error: TokenManagerError
}

/** Tokens in memory. Each can be asked for again at any time, so none is stored. */
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
   * Forgets tokens. An answer that is under way is not handed out any more, and a token that an API refuses is not replaced.
   * @param dropped gets each token that lives, and those of answers that are under way when they come
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
  /** Set once the entry was forgotten. It gets the tokens that nobody has any more. */
  dropped: ((token: string, target: Target) => void) | undefined
}

/** How many tokens refused while still fresh are replaced within a minute. */
const REJECTIONS = 3
const REJECTION_WINDOW = 60_000

/** An empty cache. It has no timers: a token that nobody uses is not renewed. */
export function tokenCache({ platform, limit, emit, shared, ...schedule }: TokenCacheParts): TokenCache {
  const { clock } = platform
  const entries = new Map<string, Entry>()
  /** For failures that say nothing of one token: the server cannot be reached or is in trouble, or refuses the client. */
  const everybody = createBackOff(platform)
  const early = earlyTokens((time) => new Promise((resolve) => void clock.at(clock.elapsed() + time, resolve)))
  /** The entry of each token that was handed out, also of those that have been replaced since. */
  const origins = new WeakMap<AccessToken, Entry>()
  let uses = 0

  return {
    current(key) {
      const entry = entries.get(key)
      const held = entry && usable(entry)
      if (!held) return undefined

      entry.used = ++uses
      obtainAhead(entry, held)
      return held.token
    },
    async get(request, signal, minValidity) {
      const entry = entryOf(request)
      const present = taken(entry, minValidity)
      if (present) return present

      const error = await unlessAborted(obtain(entry), signal)
      const obtained = taken(entry, minValidity)
      if (obtained) return obtained
      if (!error) throw new TokenManagerError('ERR_RESPONSE_INVALID', 'invalid_token_response', TOO_SHORT)

      // A token in its last moments is better than none.
      const last = usable(entry, 0)
      if (last) return last.token
      throw error
    },
    async replace(request, rejected, signal, reason) {
      if (origins.get(rejected)?.dropped) return undefined

      const entry = entryOf(request)
      const { held } = entry
      const lastOf = () => (entry.dropped ? undefined : usable(entry, 0)?.token)
      const isFirstRefusal = held?.token === rejected && !held.rejected
      if (isFirstRefusal) {
        const tell = (replaced = false) => emit('token_rejected', request.target, { replaced, reason })
        // A newer token would be valid even later.
        if (reason === 'not_yet_valid') return (await early(rejected, signal, tell)) ? lastOf() : undefined

        const isReplaced = mayReplace(entry, held)
        tell(isReplaced)
        if (!isReplaced) return undefined
        held.rejected = true
      }

      if (!usable(entry, 0)) await unlessAborted(obtain(entry), signal)
      return lastOf()
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
    const entry = entries.get(request.key) ?? newEntry(request)
    entry.request = request
    entry.used = ++uses
    return entry
  }

  function newEntry(request: TokenRequest): Entry {
    const entry: Entry = {
      request,
      held: undefined,
      backOff: createBackOff(platform),
      running: undefined,
      rejections: [],
      used: 0,
      dropped: undefined,
    }
    entries.set(request.key, entry)
    if (entries.size > limit) evict(entry)
    return entry
  }

  /** Makes room in one go, so that a full cache is not searched for every new token. */
  function evict(latest: Entry) {
    const idle = [...entries].filter(([, entry]) => !entry.running && entry !== latest)
    idle.sort(([, a], [, b]) => a.used - b.used)

    const count = Math.max(1, Math.ceil(limit / 20))
    for (const [key] of idle.slice(0, count)) entries.delete(key)
  }

  /** The usable token, for a caller. Asks for the next one ahead of its expiry. */
  function taken(entry: Entry, minValidity: number | undefined): AccessToken | undefined {
    if (entry.dropped) throw forgotten()

    const held = usable(entry, minValidity)
    if (held) obtainAhead(entry, held)
    return held?.token
  }

  function usable({ held }: Entry, minValidity?: number): HeldToken | undefined {
    if (!held || held.rejected) return undefined

    const until = minValidity === undefined ? held.waitAt : held.deadAt - minValidity
    if (clock.elapsed() >= until) return undefined
    return (held.stored.expiresAt ?? Infinity) > clock.now() ? held : undefined
  }

  /** Whether a token that an API refused may be replaced; if so it counts. An API that refuses every token gets no more of them. */
  function mayReplace(entry: Entry, held: HeldToken): boolean {
    const now = clock.elapsed()
    entry.rejections = entry.rejections.filter((at) => now - at < REJECTION_WINDOW)
    if (entry.rejections.length >= REJECTIONS) return false

    // The server gave the same token again: it has no other one.
    const wasReturned = now - (held.returnedAt ?? -Infinity) < REJECTION_WINDOW
    if (wasReturned) return false

    entry.rejections.push(now)
    return true
  }

  function wait({ backOff }: Entry): TokenManagerError | undefined {
    return everybody.error ?? backOff.error
  }

  function obtainAhead(entry: Entry, held: HeldToken) {
    const isTime = clock.elapsed() >= held.refreshAt
    if (isTime && !wait(entry)) void obtain(entry, true)
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
      // Some servers answer with the token they gave before. It is new if a later request brought it.
      const isNew = token.value !== before?.token.value || token.obtainedAt > before.stored.obtainedAt
      return isNew && clock.elapsed() < times.waitAt && times.refreshAt > clock.elapsed()
    }
    const answer = unlessExpired(await (shared?.(request, isWanted) ?? request.send()), clock.now())
    const duration = clock.elapsed() - began

    if ('value' in answer) {
      keep(entry, answer, before)
      emit('adopted', target, {})
      return undefined
    }
    if (answer.kind === 'tokens') {
      keep(entry, toStored(answer, target), before)
      emit('obtained', target, { duration, ahead })
      return undefined
    }
    // Nothing was sent, so nothing failed: the next call asks again.
    if (answer.kind === 'unsent') return undefined

    const { error } = answer
    const whose = concernsEverybody(answer) ? everybody : backOff
    const retryAfter = answer.kind === 'transient' ? answer.retryAfter : undefined
    // Somebody who is signed out may sign in again at any moment.
    if (error.code !== 'ERR_SIGNED_OUT') whose.failed(error, began, retryAfter)

    const { reason, status, retryAt } = error
    const isUsable = usable(entry, 0) !== undefined
    emit('request_failed', target, { reason, duration, status, retryAt, usable: isUsable })
    return error
  }

  function keep(entry: Entry, stored: StoredAccessToken, before: HeldToken | undefined) {
    everybody.succeeded()
    entry.backOff.succeeded()
    if (entry.dropped) {
      entry.dropped(stored.value, entry.request.target)
      return
    }
    entry.held = heldToken(stored, platform, schedule, before)
    origins.set(entry.held.token, entry)
  }
}

const TOO_SHORT = 'The new access token had already expired, or lives shorter than asked for'

/** Whether a failure says something of the server or of the client, and not of this one request alone. */
function concernsEverybody(answer: Exclude<TokenAnswer | Unproven, { kind: 'tokens' | 'unsent' }>): boolean {
  if (answer.kind === 'unproven') return false
  const { reason } = answer.error
  if (answer.kind !== 'transient') return reason === 'invalid_client'
  // A server that answers 503, 429 or not at all is in trouble. One that answers 500 may fail for this subject only.
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

/** What a call gets that was made before the subject was forgotten. */
export function forgotten(): TokenManagerError {
  return new TokenManagerError('ERR_SIGNED_OUT', 'signed_out', 'What the token was derived from has ended')
}
