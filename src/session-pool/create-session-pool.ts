import { TokenManagerError } from '../errors.ts'
import { type ManagerPlatform, managerBasis, managerOf } from '../manager/create-token-manager.ts'
import { allowInsecureLoopback, type TokenManagerOptions } from '../manager/options.ts'
import { type SharedSession, sessionOptions } from '../manager/shared-session.ts'
import type { SignInOptions, TokenManager } from '../manager/token-manager.ts'
import type { Lock, UserAgent } from '../ports.ts'
import { authorizationServer } from '../protocol/authorization-server.ts'
import type { TokenManagerEvent, TokenManagerEventType } from '../session/events.ts'
import { listenerSet } from '../session/listener-set.ts'
import type { Session } from '../session/session.ts'
import type { SessionState } from '../session/state.ts'
import { tellOthers } from '../session/sync.ts'
import { endDenied, type SessionDenylist } from './end-denied.ts'
import { moveSession } from './move-session.ts'
import { sharedTimer } from './shared-timer.ts'

/** Options of `createSessionPool`: those of a manager, but for `account`, which each session has of its own. */
export interface SessionPoolOptions extends Omit<TokenManagerOptions, 'account'> {
  /**
   * The most sessions kept in memory, 1 to 10 000 000. Default 10 000. Beyond it those go out of memory that were not handed out for the
   * longest time; they lie in `store` and are read from there when they are handed out again. The pool grows beyond it for sessions that
   * cannot go: in use by `use()`, refreshing, with tokens the store has yet to take or to be revoked.
   */
  readonly maxSessions?: number
  /**
   * Logouts that the authorization server told of: a `createDenylist()` of `tokenward/resource-server` that `createBackchannelLogout` feeds. A
   * session that it names, as far as it began before the logout, is signed out (`session_ended`) when it is used next, and its tokens
   * are revoked, unless `offline_access` was granted (OpenID Connect Back-Channel Logout §2.7). Its `maxTokenLifetime` has to be as long as sessions live here. Default: none.
   */
  readonly denylist?: SessionDenylist
}

/** Many sessions of one client in one process. Every method is bound. */
export interface SessionPool {
  /**
   * The session called `account`: the same manager as long as it is in memory. One that is used after it went out of memory works on,
   * and brings its session back. What was said to its `subscribe` and `on` is forgotten then: use the pool's `on`. A name under which
   * nobody is signed in leaves memory as soon as its calls are done, unless it is listened to.
   * @param account names the session: a user's id, an opaque id in a cookie. A string of 1 to 512 characters
   * @throws TokenManagerError `ERR_INVALID_OPTION` for another name
   */
  get(account: string): TokenManager
  /** Runs `work` with a session, which stays in memory meanwhile. */
  use<T>(account: string, work: (tokens: TokenManager) => Promise<T>): Promise<T>
  /**
   * Gives a session, and the sign-ins on their way to it, another name; the old one counts no more once this resolves. Call it at each
   * sign-in, before `completeSignIn()`: a name that was there before could be known to whoever planted it (session fixation). A refresh that
   * is under way is waited for, at most `requestTimeout` and 3 s.
   * @param from what may have no session
   * @param to a new name, random in a cookie
   * @throws TokenManagerError `ERR_INVALID_OPTION` if there is a session called `to`; `ERR_STORE_FAILED`, and then `from` may still count
   */
  rename(from: string, to: string): Promise<void>
  /** Hears one type of event of all sessions that are in memory. Returns its own undo. */
  on<T extends TokenManagerEventType>(type: T, listener: (event: PoolEvent<T>) => void): () => void
  /** How many sessions are in memory. */
  readonly size: number
  /** How many alarms wait on the pool's one timer. */
  readonly alarms: number
  /** Stops everything and empties the memory; the sessions stay in the store. Using it again begins anew. */
  dispose(): void
}

/** An event, and which session it is of. */
export type PoolEvent<T extends TokenManagerEventType = TokenManagerEventType> = TokenManagerEvent<T> & {
  /** As it was given to `get()` or `use()`. */
  readonly account: string
}

type WatchedCall =
  | 'ready'
  | 'adopt'
  | 'completeSignIn'
  | 'fetch'
  | 'getAccessToken'
  | 'headersFor'
  | 'refresh'
  | 'signOut'
  | 'rename'

/** Sees a call to a session, and gives back what the caller gets. */
export type CallWatch = <T>(name: WatchedCall, work: Promise<T>) => Promise<T>

interface Entry {
  /** The session's own. */
  readonly manager: TokenManager
  /** What is handed out. */
  readonly handed: TokenManager
  readonly shared: () => SharedSession | undefined
  users: number
  /** Somebody listens to it. */
  isHeard: boolean
}

/** Characters of a name: one in a cookie is whatever the visitor sends. */
const LONGEST_NAME = 512

/** How many sessions are looked at to find one that can go. */
const SEARCH = 100

/**
 * A pool of sessions: one store, one platform, one timer, one look at the server's metadata for all of them. A session that nobody uses
 * costs no timer and no request: it is refreshed ahead when it is used, and else when it is needed.
 * @param platform what it runs on
 * @param watch sees every call but `signIn()`, which need not settle
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createSessionPool(
  options: SessionPoolOptions,
  platform: ManagerPlatform,
  watch: CallWatch = (_, work) => work,
): SessionPool {
  const { maxSessions = 10_000, denylist, ...common }: SessionPoolOptions = Object(options)
  if ('account' in common) throw invalid('account', 'left out: each session of a pool has its own')
  if (!(Number.isInteger(maxSessions) && maxSessions >= 1 && maxSessions <= 10_000_000))
    throw invalid('maxSessions', '1 to 10000000')
  if (denylist && typeof denylist.check !== 'function') throw invalid('denylist', 'made by createDenylist()')
  const basis = managerBasis(common, platform)
  const given = basis.ports ?? platform
  const clock = sharedTimer(given.clock)
  const { lock, locked } = countingLock(given.lock)
  const { metadata } = authorizationServer(
    { ...common, ...sessionOptions(common), insecureLoopback: common[allowInsecureLoopback] === true },
    given,
  )
  // Nobody looks at a session: it is refreshed when it is used.
  const lifecycle = { ...given.lifecycle, isVisible: () => false }
  const own = { ...basis, ports: { ...given, clock, lock, metadata, lifecycle } }
  const entries = new Map<string, Entry>()
  const listeners = new Map<TokenManagerEventType, ReturnType<typeof listenerSet<PoolEvent>>>()

  const pool: SessionPool = {
    get: (account) => entryOf(account).handed,
    use: (account, work) => using(account, ({ handed }) => work(handed)),
    rename: (from, to) => watch('rename', rename(from, to)),
    on(type, listener) {
      let set = listeners.get(type)
      if (!set) {
        set = listenerSet<PoolEvent>()
        listeners.set(type, set)
        for (const [account, { manager }] of entries) listen(manager, account, type)
      }
      return set.add(listener as (event: PoolEvent) => void)
    },
    get size() {
      return entries.size
    },
    get alarms() {
      return clock.waiting
    },
    dispose() {
      for (const { manager } of entries.values()) manager.dispose()
      entries.clear()
    },
  }
  return pool

  function entryOf(account: string): Entry {
    const known = entries.get(account)
    if (known) {
      // A map keeps the order in which things were put into it.
      entries.delete(account)
      entries.set(account, known)
      return known
    }
    const isName = typeof account === 'string' && account !== '' && account.length <= LONGEST_NAME
    if (!isName) throw invalid('account', `a string of 1 to ${LONGEST_NAME} characters`)
    const [manager, shared] = managerOf({ ...common, account }, own)
    const entry: Entry = { manager, handed: handedOut(account), shared, users: 0, isHeard: false }
    entries.set(account, entry)
    for (const type of listeners.keys()) listen(manager, account, type)
    if (entries.size > maxSessions) evict()
    return entry
  }

  async function using<T>(account: string, work: (entry: Entry) => Promise<T>): Promise<T> {
    const entry = entryOf(account)
    entry.users++
    try {
      if (denylist) {
        await entry.manager.ready()
        const shared = entry.shared()
        if (shared) await endDenied(shared, denylist)
      }
      return await work(entry)
    } finally {
      done(account, entry)
    }
  }

  function done(account: string, entry: Entry) {
    entry.users--
    // It may have gone out of memory, and come back as another.
    if (entries.get(account) === entry && isNobody(entry)) forget(account)
    if (entries.size > maxSessions) evict()
  }

  /** One that leaves by a redirect never settles. All that it needs later is in the store: its session is in use until then. */
  async function signingIn(account: string, options: SignInOptions = {}): Promise<void> {
    const entry = entryOf(account)
    entry.users++
    let isHeld = true
    const letGo = () => {
      if (isHeld) done(account, entry)
      isHeld = false
    }
    const { userAgent = given.userAgent } = options
    const leaving = userAgent && calling(userAgent, letGo)
    try {
      await using(account, ({ manager }) => manager.ready())
      await entry.manager.signIn(leaving ? { ...options, userAgent: leaving } : options)
    } finally {
      letGo()
    }
  }

  async function rename(from: string, to: string): Promise<void> {
    if (from === to) throw invalid('to', 'another name')
    await withSession(from, (old) =>
      withSession(to, async (next) => {
        await moveSession(old, next)
        // What memory holds is of the time before, here and elsewhere.
        for (const session of [old, next]) {
          session.suspect()
          await session.read()
          tellOthers(session)
        }
      }),
    )
  }

  function withSession(account: string, work: (session: Session) => Promise<void>): Promise<void> {
    return using(account, async ({ manager, shared }) => {
      await manager.ready()
      const session = shared()?.session
      if (session) await work(session)
    })
  }

  function forget(account: string) {
    entries.get(account)?.manager.dispose()
    entries.delete(account)
  }

  /** Finds its session in the pool at each call, and keeps it there meanwhile. */
  function handedOut(account: string): TokenManager {
    /** What it was when its last call was done, if it left memory then. */
    let left: SessionState | undefined
    const doing = <T>(work: (manager: TokenManager) => Promise<T>): Promise<T> =>
      using(account, async (entry) => {
        try {
          return await work(entry.manager)
        } finally {
          left = hasNobody(entry) ? entry.manager.state : undefined
        }
      })
    const call = (name: Exclude<WatchedCall, 'rename'>) =>
      ((...given: unknown[]) =>
        watch(
          name,
          doing((manager) => (manager[name] as (...args: unknown[]) => Promise<unknown>)(...given)),
        )) as never
    return {
      get state() {
        const known = entries.has(account) ? undefined : left
        return known ?? entryOf(account).manager.state
      },
      subscribe: (listener) => heard(account).subscribe(listener),
      on: (type, listener) => heard(account).on(type, listener),
      async signIn(options) {
        await signingIn(account, options)
        return doing((manager) => manager.ready())
      },
      ...{ ready: call('ready'), adopt: call('adopt'), completeSignIn: call('completeSignIn'), fetch: call('fetch') },
      ...{ getAccessToken: call('getAccessToken'), headersFor: call('headersFor') },
      ...{ refresh: call('refresh'), signOut: call('signOut') },
      dispose: () => forget(account),
    }
  }

  function heard(account: string): TokenManager {
    const entry = entryOf(account)
    entry.isHeard = true
    return entry.manager
  }

  function listen(manager: TokenManager, account: string, type: TokenManagerEventType) {
    manager.on(type, (event) => listeners.get(type)?.tell({ ...event, account }))
  }

  function evict() {
    // The last one is the one that was just asked for.
    let left = Math.min(SEARCH, entries.size - 1)
    for (const [account, entry] of entries) {
      if (entries.size <= maxSessions || left-- === 0) return
      entries.delete(account)
      if (isBusy(entry)) {
        // Not the first to be looked at next time.
        entries.set(account, entry)
        continue
      }
      entry.manager.dispose()
    }
  }

  /** Nobody is signed in, and there is nothing to be done any more: anybody can make up such a name. */
  function isNobody(entry: Entry): boolean {
    return hasNobody(entry) && !entry.isHeard && !isBusy(entry)
  }

  function hasNobody({ shared }: Entry): boolean {
    const held = shared()?.session.held
    return held?.state.status === 'signedOut' && held.record === undefined
  }

  function isBusy({ users, shared }: Entry): boolean {
    if (users > 0) return true
    const session = shared()?.session
    if (!session) return false
    const { retrying, name, held } = session
    return retrying || locked(name) || (held.record?.outbox.length ?? 0) > 0
  }
}

/** `userAgent`, and `called()` once it has been asked to take the person away. */
function calling(userAgent: UserAgent, called: () => void): UserAgent {
  return {
    stateMarker: userAgent.stateMarker,
    prepare: () => userAgent.prepare?.() ?? (() => {}),
    redirectUri: async (configured) => (await userAgent.redirectUri?.(configured)) ?? configured,
    authorize(...request) {
      const answer = userAgent.authorize(...request)
      called()
      return answer
    },
    callbackUrl: (...request) => userAgent.callbackUrl(...request),
  }
}

/** `lock`, and whether anything is done or waits under a name: every refresh does, until its tokens are stored. */
function countingLock(given: Lock) {
  const counts = new Map<string, number>()
  const count = (name: string, by: number) => {
    const next = (counts.get(name) ?? 0) + by
    if (next > 0) counts.set(name, next)
    else counts.delete(name)
  }
  const lock: Lock = {
    spans: given.spans,
    async request(name, options, run) {
      count(name, 1)
      try {
        return await given.request(name, options, run)
      } finally {
        count(name, -1)
      }
    },
  }
  return { lock, locked: (name: string) => counts.has(name) }
}

function invalid(name: string, expected: string): TokenManagerError {
  return new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', `Option ${name} has to be ${expected}`)
}
