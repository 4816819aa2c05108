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

/** How a token is named in the cache, and how it is requested. */
export interface TokenRequest {
  /** A name that differs for each subject and each target. */
  readonly key: string
  readonly target: Target
  /** Sends one request to the authorization server. Never rejects. */
  readonly send: () => Promise<TokenAnswer | Unproven>
}

/** The result if nothing was sent, because the application's own function for the subject's token or assertion failed. */
export interface Unproven {
  readonly kind: 'unproven'
  readonly error: TokenManagerError
}

/** Tokens in memory. They are not stored, because each can be requested again at any time. */
export interface TokenCache {
  /** Gives at once the token in memory, if it can be used. If it expires soon, the next one is requested in the background. */
  current(key: string): AccessToken | undefined
  /**
   * Gives a token that can be used.
   * @param signal ends only this call's own wait
   * @param minValidity how long the token has to be valid from now on, in milliseconds
   */
  get(request: TokenRequest, signal?: AbortSignal, minValidity?: number): Promise<AccessToken>
  /** Gives the token to try after an API has refused `rejected`. `undefined` if there is none at the moment. */
  replace(
    request: TokenRequest,
    rejected: AccessToken,
    signal?: AbortSignal,
    hint?: RefusalHint,
  ): Promise<AccessToken | undefined>
  /**
   * Removes tokens. Callers who wait for one of them do not get it, and one that an API refuses is not replaced.
   * @param dropped called with each removed token that is still valid, and later with those whose request was running
   */
  drop(which: (key: string) => boolean, dropped: (token: string, target: Target) => void): void
  /** Whether the cache has this token, under any key. */
  holds(token: string): boolean
  /** Removes all tokens. */
  clear(): void
  /** How many tokens it remembers. */
  readonly size: number
}

/** What a cache needs. */
export interface TokenCacheParts extends Pick<ScheduleOptions, 'leeway' | 'jitter'> {
  readonly platform: Pick<Platform, 'clock' | 'crypto'>
  /** The most tokens it remembers. Those that were not used for the longest time go first. */
  readonly limit: number
  emit<T extends ClientTokenEventType>(type: T, target: Target, details: ClientTokenEvents[T]): void
  /** Looks first for a token of another process. Never rejects. Absent if tokens are not shared. */
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
  /** Set when the entry was removed. It is called with tokens that arrive after that. */
  dropped: ((token: string, target: Target) => void) | undefined
}

/** How many tokens that an API refused before they expired are replaced within a minute. */
const REJECTIONS = 3
const REJECTION_WINDOW = 60_000

/** Makes an empty cache. It has no timers: a token that is not used is not renewed. */
export function tokenCache({ platform, limit, emit, shared, ...schedule }: TokenCacheParts): TokenCache {
  const { clock } = platform
  const entries = new Map<string, Entry>()
  /** The back-off for failures that concern all tokens: the server cannot be reached, has a problem, or refuses the client. */
  const everybody = createBackOff(platform)
  const early = earlyTokens((time) => new Promise((resolve) => void clock.at(clock.elapsed() + time, resolve)))
  /** The entry of each token that a caller got, also of tokens that were replaced later. */
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

      // A token that expires in a moment is better than an error.
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
        // A newer token would become valid even later. So the same token is tried again after a short wait.
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

  /** Removes several old entries at once, so that a full cache is not searched again for every new token. */
  function evict(latest: Entry) {
    const idle = [...entries].filter(([, entry]) => !entry.running && entry !== latest)
    idle.sort(([, a], [, b]) => a.used - b.used)

    const count = Math.max(1, Math.ceil(limit / 20))
    for (const [key] of idle.slice(0, count)) entries.delete(key)
  }

  /** The token for a caller, if it can be used. If it expires soon, the next one is requested in the background. */
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

  /** Whether a token that an API refused may be replaced. If so, it is counted, so that an API that refuses every token gets no more of them. */
  function mayReplace(entry: Entry, held: HeldToken): boolean {
    const now = clock.elapsed()
    entry.rejections = entry.rejections.filter((at) => now - at < REJECTION_WINDOW)
    if (entry.rejections.length >= REJECTIONS) return false

    // The server has just given the same token again. Another request would not help.
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

  /** Requests a token. Callers at the same time share the request. Resolves with the error if there is no new token. Never rejects. */
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
      // Some servers give the same token again. It counts as new if a later request brought it.
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
    // Nothing was sent, so there is no error. The next call sends a request.
    if (answer.kind === 'unsent') return undefined

    const { error } = answer
    const whose = concernsEverybody(answer) ? everybody : backOff
    const retryAfter = answer.kind === 'transient' ? answer.retryAfter : undefined
    // After a sign-out there is no pause, because the person may sign in again at any moment.
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

/** Whether a failure concerns the server or the client, so that requests for other tokens would fail too. */
function concernsEverybody(answer: Exclude<TokenAnswer | Unproven, { kind: 'tokens' | 'unsent' }>): boolean {
  if (answer.kind === 'unproven') return false

  const { reason } = answer.error
  if (answer.kind !== 'transient') return reason === 'invalid_client'

  // A server that answers 503 or 429, or does not answer, has a problem with all requests. One that answers 500 may fail only for this subject.
  const failedAtIt = reason === 'server_unavailable' && answer.lost
  return !failedAtIt && reason !== 'unexpected_redirect'
}

/** Turns an answer whose token has already expired into a failure, so that there is a pause before the next request. */
function unlessExpired<T extends TokenAnswer | Unproven | StoredAccessToken>(given: T, now: EpochMs): T | TokenAnswer {
  const isAnswer = 'kind' in given && given.kind === 'tokens'
  const error = isAnswer ? expiredOnArrival(given.response, now) : undefined
  return error ? { kind: 'invalid', error } : given
}

/** The token in an answer, in the form in which it is kept. */
export function toStored({ response }: TokenAnswer & { kind: 'tokens' }, target: Target): StoredAccessToken {
  return storedAccessToken(response, target.scope ?? '', target.resource)
}

/** The error for a call that was still waiting when its subject was removed. */
export function forgotten(): TokenManagerError {
  return new TokenManagerError('ERR_SIGNED_OUT', 'signed_out', 'What the token was derived from has ended')
}
