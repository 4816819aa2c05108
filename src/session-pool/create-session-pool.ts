import { invalidOption } from '../errors.ts'
import { webText } from '../in-process/web-text.ts'
import { type ManagerPlatform, managerBasis, managerOf } from '../manager/create-token-manager.ts'
import { allowInsecureLoopback } from '../manager/options.ts'
import { type SharedSession, sessionOptions } from '../manager/shared-session.ts'
import type { SignInOptions, TokenManager } from '../manager/token-manager.ts'
import { authorizationServer } from '../protocol/authorization-server.ts'
import type { TokenManagerEventType } from '../session/events.ts'
import { listenerSet } from '../session/listener-set.ts'
import type { Session } from '../session/session.ts'
import type { SessionState } from '../session/state.ts'
import { tellOthers } from '../session/sync.ts'
import { briefSignIns } from './brief-sign-ins.ts'
import { checkSession, type SessionCheck } from './check-session.ts'
import { countingLock } from './counting-lock.ts'
import { checkKnown, endDenied, type SessionDenylist } from './end-denied.ts'
import { leavingUserAgent } from './leaving-user-agent.ts'
import { moveSession } from './move-session.ts'
import type { PoolEvent, SessionPool, SessionPoolOptions } from './session-pool.ts'
import { sharedTimer } from './shared-timer.ts'

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

/** Called with every call to a session. Returns the promise that the caller gets. */
export type CallWatch = <T>(name: WatchedCall, work: Promise<T>) => Promise<T>

interface Entry {
  /** The manager of the session in memory. */
  readonly manager: TokenManager
  /** The manager that callers get. It works also after the session has left memory. */
  readonly handed: TokenManager
  readonly shared: () => SharedSession | undefined
  users: number
  /** How many listeners it has. */
  hearers: number
}

/** The bounds of option `maxSessions`. */
const MOST_SESSIONS = 10_000_000

/** The longest name of a session, in characters. A name may come from a cookie, in which a visitor can send anything. */
const LONGEST_NAME = 512

/** How many sessions are checked at most to find one that can leave memory. */
const SEARCH = 100

/** The pool's listeners for one type of event. */
type Listeners = ReturnType<typeof listenerSet<PoolEvent>>

/**
 * Makes a pool of sessions. They share one store, one platform, one timer and the server's metadata. A session that nobody uses needs no timer and no
 * request. A session in use is refreshed before its token expires.
 * @param platform the ports of the platform
 * @param watch called with every call except `signIn()`, which may never settle
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createSessionPool(
  options: SessionPoolOptions,
  platform: ManagerPlatform,
  watch: CallWatch = (_, work) => work,
): SessionPool {
  // A program in JavaScript may give no options. The checks then say what is missing.
  const { maxSessions = 10_000, denylist, ...common } = options ?? ({} as SessionPoolOptions)
  if ('account' in common) throw invalidOption('account', 'left out: each session of a pool has its own')
  const isInBounds = Number.isInteger(maxSessions) && maxSessions >= 1 && maxSessions <= MOST_SESSIONS
  if (!isInBounds) throw invalidOption('maxSessions', `1 to ${MOST_SESSIONS}`)
  if (denylist && typeof denylist.check !== 'function') throw invalidOption('denylist', 'made by createDenylist()')

  const basis = managerBasis(common, platform)
  const given = { text: webText, ...(basis.ports ?? platform) }

  const clock = sharedTimer(given.clock)
  const lock = countingLock(given.lock)
  const insecureLoopback = common[allowInsecureLoopback] === true
  const { metadata } = authorizationServer({ ...common, ...sessionOptions(common), insecureLoopback }, given)
  // As if no page were visible. So sessions are refreshed only when they are used.
  const lifecycle = { ...given.lifecycle, isVisible: () => false }
  const store = briefSignIns(given.store, clock)
  const own = { ...basis, ports: { ...given, store, clock, lock, metadata, lifecycle } }

  const entries = new Map<string, Entry>()
  const listeners = new Map<TokenManagerEventType, Listeners>()
  let stopDenials: (() => void) | undefined

  return {
    redirectUri: common.redirectUri,
    allows: (url) => basis.match(url).target !== undefined,
    get: (account) => entryOf(account).handed,
    check: (account) => using(account, checked),
    use: (account, work) => using(account, ({ handed }) => work(handed)),
    rename: (from, to) => watch('rename', rename(from, to)),
    on: (type, listener) => listenersOf(type).add(listener as (event: PoolEvent) => void),
    get size() {
      return entries.size
    },
    get alarms() {
      return clock.waiting
    },
    dispose() {
      for (const { manager } of entries.values()) manager.dispose()
      entries.clear()
      stopDenials?.()
      stopDenials = undefined
    },
  }

  function entryOf(account: string): Entry {
    const known = entries.get(account)
    if (known) {
      // Deleted and set again, so that it is the last of the map: the sessions that were used last are at the end.
      entries.delete(account)
      entries.set(account, known)
      return known
    }

    const isName = typeof account === 'string' && account !== '' && account.length <= LONGEST_NAME
    if (!isName) throw invalidOption('account', `a string of 1 to ${LONGEST_NAME} characters`)

    const [manager, shared] = managerOf({ ...common, account }, own)
    const entry: Entry = { manager, handed: handedOut(account), shared, users: 0, hearers: 0 }
    entries.set(account, entry)
    for (const type of listeners.keys()) listen(manager, account, type)
    if (entries.size > maxSessions) evict()
    return entry
  }

  async function using<T>(account: string, work: (entry: Entry) => Promise<T>): Promise<T> {
    const entry = entryOf(account)
    entry.users++
    stopDenials ??= denylist?.subscribe?.(endDeniedInUse)
    try {
      if (denylist) await endIfDenied(entry, denylist)
      return await work(entry)
    } finally {
      done(account, entry)
    }
  }

  async function endIfDenied(entry: Entry, denylist: SessionDenylist): Promise<void> {
    const present = await readyOf(entry)
    if (present) await endDenied(present, denylist)
  }

  async function checked(entry: Entry): Promise<SessionCheck> {
    const present = await readyOf(entry)
    if (!present) return { state: entry.manager.state }

    const check = await checkSession(present)
    if (denylist) checkKnown(present, denylist)
    return check
  }

  /** Ends sessions in use that are denied. A user such as an event stream would not notice it otherwise, because it makes no further call. */
  function endDeniedInUse() {
    const inUse = [...entries.values()].filter(({ users }) => users > 0)
    for (const entry of inUse) if (denylist) endIfDenied(entry, denylist).catch(() => {})
  }

  function done(account: string, entry: Entry) {
    entry.users--
    forgetNobody(account, entry)
    if (entries.size > maxSessions) evict()
  }

  /**
   * Signs in. A sign-in by a redirect never settles, so the session counts as in use only until the person has left. Everything that is needed later is
   * in the store.
   */
  async function signingIn(account: string, options: SignInOptions = {}): Promise<void> {
    const entry = entryOf(account)
    entry.users++
    let isHeld = true
    const letGo = () => {
      if (isHeld) done(account, entry)
      isHeld = false
    }
    const { userAgent = given.userAgent } = options
    const leaving = userAgent && leavingUserAgent(userAgent, letGo)
    try {
      await using(account, ({ manager }) => manager.ready())
      await entry.manager.signIn(leaving ? { ...options, userAgent: leaving } : options)
    } finally {
      letGo()
    }
  }

  async function rename(from: string, to: string): Promise<void> {
    if (from === to) throw invalidOption('to', 'another name')
    await withSession(from, (old) => withSession(to, (next) => renameSession(old, next)))
  }

  async function renameSession(old: Session, next: Session): Promise<void> {
    await moveSession(old, next)

    // The old name counts for nothing from now on, also if the store fails before it can be read again.
    const { live } = old
    if (live) old.apply({ type: 'ended', grantId: live.grantId, reason: 'renamed' })

    // Memory still has what was read before the move, in this process and in others.
    for (const session of [old, next]) {
      session.suspect()
      await session.read().catch(() => {})
      tellOthers(session)
    }
  }

  function withSession(account: string, work: (session: Session) => Promise<void>): Promise<void> {
    return using(account, async (entry) => {
      const present = await readyOf(entry)
      if (present) await work(present.session)
    })
  }

  function forgetNobody(account: string, entry: Entry) {
    // The session may have left memory, and another entry may have its name now.
    const isPresent = entries.get(account) === entry
    if (isPresent && isNobody(entry)) forget(account)
  }

  function forget(account: string) {
    entries.get(account)?.manager.dispose()
    entries.delete(account)
  }

  /** Makes the manager that callers get. It looks for its session in the pool at each call, and keeps it there during the call. */
  function handedOut(account: string): TokenManager {
    /** The state after the last call, if there was no session. It is then not kept in memory. */
    let left: SessionState | undefined

    const doing = <T>(work: (manager: TokenManager) => Promise<T>): Promise<T> =>
      using(account, async (entry) => {
        try {
          return await work(entry.manager)
        } finally {
          left = hasNobody(entry) ? entry.manager.state : undefined
        }
      })
    const watched = <T>(name: WatchedCall, work: (manager: TokenManager) => Promise<T>): Promise<T> =>
      watch(name, doing(work))
    /** A call that uses the session: it waits until the denylist knows whether the session goes on. */
    const used = <T>(name: WatchedCall, work: (manager: TokenManager) => Promise<T>): Promise<T> =>
      watched(name, async (manager) => {
        const present = entries.get(account)?.shared()
        if (present && denylist) checkKnown(present, denylist)
        return work(manager)
      })

    return {
      get state() {
        const known = entries.has(account) ? undefined : left
        return known ?? entryOf(account).manager.state
      },
      subscribe: (listener) => hear(account, (manager) => manager.subscribe(listener)),
      on: (type, listener) => hear(account, (manager) => manager.on(type, listener)),
      async signIn(options) {
        await signingIn(account, options)
        return doing((manager) => manager.ready())
      },
      ready: () => watched('ready', (manager) => manager.ready()),
      adopt: (tokens) => watched('adopt', (manager) => manager.adopt(tokens)),
      completeSignIn: (url) => watched('completeSignIn', (manager) => manager.completeSignIn(url)),
      fetch: (input, init) => used('fetch', (manager) => manager.fetch(input, init)),
      getAccessToken: (options) => used('getAccessToken', (manager) => manager.getAccessToken(options)),
      headersFor: (url, method) => used('headersFor', (manager) => manager.headersFor(url, method)),
      refresh: (options) => used('refresh', (manager) => manager.refresh(options)),
      signOut: (options) => watched('signOut', (manager) => manager.signOut(options)),
      dispose: () => forget(account),
    }
  }

  function hear(account: string, listenTo: (manager: TokenManager) => () => void): () => void {
    const entry = entryOf(account)
    entry.hearers++
    const stop = listenTo(entry.manager)
    let isOver = false

    return () => {
      if (isOver) return

      isOver = true
      stop()
      entry.hearers--
      forgetNobody(account, entry)
    }
  }

  function listenersOf(type: TokenManagerEventType): Listeners {
    const known = listeners.get(type)
    if (known) return known

    const set: Listeners = listenerSet<PoolEvent>()
    listeners.set(type, set)
    for (const [account, { manager }] of entries) listen(manager, account, type)
    return set
  }

  function listen(manager: TokenManager, account: string, type: TokenManagerEventType) {
    manager.on(type, (event) => listeners.get(type)?.tell({ ...event, account }))
  }

  function evict() {
    // The last one is not checked, because it was just asked for.
    const most = Math.min(SEARCH, entries.size - 1)
    let looked = 0
    for (const [account, entry] of entries) {
      if (entries.size <= maxSessions || looked === most) return

      looked++
      entries.delete(account)
      // A busy one stays. It is moved to the end, so that it is not checked first the next time.
      if (isBusy(entry)) entries.set(account, entry)
      else entry.manager.dispose()
    }
  }

  /** Whether there is no session under this name and nothing to do. Such entries are removed at once, because anybody can invent names. */
  function isNobody(entry: Entry): boolean {
    return hasNobody(entry) && entry.hearers === 0 && !isBusy(entry)
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
    return retrying > 0 || lock.isHeld(name) || (held.record?.outbox.length ?? 0) > 0
  }
}

/** The session of an entry, once it was read from the store. */
async function readyOf({ manager, shared }: Entry): Promise<SharedSession | undefined> {
  await manager.ready()
  return shared()
}
