import type { Platform, Store } from '../ports.ts'
import type { StoredAccessToken } from '../protocol/access-token.ts'
import type { TokenAnswer } from '../protocol/token-set.ts'
import { randomId } from '../session/record.ts'
import { fraction } from '../session/schedule.ts'
import { storedName } from './stored-name.ts'
import { type TokenCacheParts, type TokenRequest, toStored, type Unproven } from './token-cache.ts'

/** The record in the store by which several processes share one token. */
interface SharedToken {
  readonly version: 1
  readonly token?: StoredAccessToken | undefined
  /** The process that is requesting the next token. Absent if none is. */
  readonly lease?: { readonly owner: string } | undefined
}

/** What sharing tokens needs. */
export interface SharedTokensParts {
  readonly store: Store<unknown>
  readonly platform: Pick<Platform, 'clock' | 'crypto'>
  /** A part of the record's name that keeps these tokens apart from others in the store. */
  readonly namespace: () => Promise<string>
  /** How long a lease is valid, in milliseconds. */
  readonly leaseTime: number
  /** Called when the store has failed. */
  readonly failed: (request: TokenRequest, during: string) => void
}

/** About how often the record is read while another process requests a token, in milliseconds. A store with `watch` is quicker. */
const WATCH = 100
/** How long a store is not used after it has failed, in milliseconds. */
const REST = 5_000

/**
 * Lets several processes share tokens, so that only one of them requests each token. Two requests would do no harm. So if anything goes wrong, a
 * process simply requests a token for itself. A process compares no clocks with others: it measures how long it has seen the same lease.
 */
export function sharedTokens(parts: SharedTokensParts): NonNullable<TokenCacheParts['shared']> {
  const { store, platform, namespace, leaseTime, failed } = parts
  const { clock, crypto } = platform
  let restUntil = -Infinity

  return async (request, isWanted) => {
    if (clock.elapsed() < restUntil) return request.send()

    const found = await claimOrToken(request, isWanted).catch(() => rest(request, 'read'))
    if (!found) return request.send()
    if (!('owner' in found)) return found

    const answer = await request.send()
    await keep(found, answer, request).catch(() => rest(request, 'write'))
    return answer
  }

  function rest(request: TokenRequest, during: string) {
    restUntil = clock.elapsed() + REST
    failed(request, during)
  }

  /** Gives a token of another process, or a claim: this process may then request a token for all. */
  async function claimOrToken(
    { key }: TokenRequest,
    isWanted: (token: StoredAccessToken) => boolean,
  ): Promise<StoredAccessToken | Claim> {
    const name = await storedName([await namespace(), key], crypto)
    const patience = clock.elapsed() + leaseTime
    let seen: { readonly owner: string; readonly since: number } | undefined

    for (;;) {
      const stored = await store.get(name)
      const { token, lease } = parse(stored?.value)
      if (token && isWanted(token)) return token

      const now = clock.elapsed()
      if (lease && lease.owner !== seen?.owner) seen = { owner: lease.owner, since: now }
      const isYoung = seen !== undefined && now - seen.since < leaseTime
      const mayClaim = !lease || !isYoung || now >= patience

      const owner = randomId(crypto)
      const record: SharedToken = { version: 1, token, lease: { owner } }
      const isClaimed = mayClaim && (await store.swap(name, stored?.tag, record, { durability: 'relaxed' }))
      if (isClaimed) return { name, owner }

      await changed(name, stored?.tag, now + WATCH * (0.5 + fraction(crypto)))
    }
  }

  /** Resolves when the record has another tag than `tag`, if the store has `watch`, and at the latest at `time`. */
  function changed(name: string, tag: string | undefined, time: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        unwatch?.()
        resolve()
      }
      const cancel = clock.at(time, done)
      const unwatch = store.watch?.(name, tag, done)
    })
  }

  /** Stores the new token, if there is one, and removes the lease. */
  async function keep({ name, owner }: Claim, answer: TokenAnswer | Unproven, { target }: TokenRequest): Promise<void> {
    const mine = answer.kind === 'tokens' ? toStored(answer, target) : undefined

    for (;;) {
      const stored = await store.get(name)
      const { token: present, lease } = parse(stored?.value)

      // If this process was slow, another one may have taken the lease and stored a newer token.
      const token = mine && isAtLeastAsNew(mine, present) ? mine : present
      const isOurs = lease?.owner === owner
      if (token === present && !isOurs) return

      const record: SharedToken = { version: 1, token, lease: isOurs ? undefined : lease }
      if (await store.swap(name, stored?.tag, record, { durability: 'relaxed' })) return
    }
  }
}

/** The right to request a token for all processes. */
interface Claim {
  /** The name of the record. */
  readonly name: string
  /** The owner in the record's lease. */
  readonly owner: string
}

function isAtLeastAsNew(one: StoredAccessToken, other: StoredAccessToken | undefined): boolean {
  return !other || one.obtainedAt >= other.obtainedAt
}

/** Reads the record. Anything that cannot be read counts as absent. */
function parse(value: unknown): SharedToken {
  const { version, token, lease } = (value ?? {}) as Partial<SharedToken>
  if (version !== 1) return { version: 1 }

  return {
    version: 1,
    token: token && isStoredToken(token) ? token : undefined,
    lease: typeof lease?.owner === 'string' ? lease : undefined,
  }
}

function isStoredToken({ value, type, obtainedAt, scope, expiresAt = 0 }: Partial<StoredAccessToken>): boolean {
  return (
    typeof value === 'string' &&
    (type === 'Bearer' || type === 'DPoP') &&
    typeof scope === 'string' &&
    Number.isFinite(obtainedAt) &&
    Number.isFinite(expiresAt)
  )
}
