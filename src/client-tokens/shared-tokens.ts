import type { Platform, Store } from '../ports.ts'
import type { StoredAccessToken } from '../protocol/access-token.ts'
import type { TokenAnswer } from '../protocol/token-set.ts'
import { randomId } from '../session/record.ts'
import { fraction } from '../session/schedule.ts'
import { storedName } from './stored-name.ts'
import { type TokenCacheParts, type TokenRequest, toStored, type Unproven } from './token-cache.ts'

/** One token as the processes of a fleet share it. */
interface SharedToken {
  readonly version: 1
  readonly token?: StoredAccessToken | undefined
  /** Somebody is asking for the next one. */
  readonly lease?: { readonly owner: string } | undefined
}

/** What sharing needs. */
export interface SharedTokensParts {
  readonly store: Store<unknown>
  readonly platform: Pick<Platform, 'clock' | 'crypto'>
  /** What tells these tokens from others in the store. */
  readonly namespace: () => Promise<string>
  /** How long a lease lives that nobody renews, ms. */
  readonly leaseTime: number
  /** Hears that the store did not work. */
  readonly failed: (request: TokenRequest, during: string) => void
}

/** About how often the record is looked at while another process asks, ms; the store's own watch is quicker. */
const WATCH = 100
/** For how long a store that failed is left alone, ms. */
const REST = 5_000

/**
 * Lets a fleet ask once. Asking twice does no harm, so this only saves requests: whatever goes wrong, the process asks for itself.
 * Leases are judged on each process's own clock, by how long they look the same.
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

  /** A token that another process has, or the claim under which this one may ask. */
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

  /** Resolves once what is stored has another tag than `tag`, as far as the store tells, and otherwise at `time`. */
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

  /** Keeps the new token, and gives up the lease in any case. */
  async function keep({ name, owner }: Claim, answer: TokenAnswer | Unproven, { target }: TokenRequest): Promise<void> {
    const mine = answer.kind === 'tokens' ? toStored(answer, target) : undefined

    for (;;) {
      const stored = await store.get(name)
      const { token: present, lease } = parse(stored?.value)

      // Another process may have taken over and been quicker.
      const token = mine && isAtLeastAsNew(mine, present) ? mine : present
      const isOurs = lease?.owner === owner
      if (token === present && !isOurs) return

      const record: SharedToken = { version: 1, token, lease: isOurs ? undefined : lease }
      if (await store.swap(name, stored?.tag, record, { durability: 'relaxed' })) return
    }
  }
}

/** The right to ask in the name of the fleet. */
interface Claim {
  /** Under which name the token is stored. */
  readonly name: string
  /** Who has the lease. */
  readonly owner: string
}

function isAtLeastAsNew(one: StoredAccessToken, other: StoredAccessToken | undefined): boolean {
  return !other || one.obtainedAt >= other.obtainedAt
}

/** What cannot be read counts as absent. */
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
