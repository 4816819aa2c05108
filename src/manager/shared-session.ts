import { webText } from '../in-process/web-text.ts'
import type { Degradation, Platform, Store } from '../ports.ts'
import type { Proofs } from '../protocol/access-token.ts'
import { allowMissingNonce } from '../protocol/allow-missing-nonce.ts'
import { authorizationServer } from '../protocol/authorization-server.ts'
import type { ClockOff } from '../protocol/dpop.ts'
import { sha256 } from '../protocol/sha256.ts'
import { signInTarget } from '../requests/resource-matcher.ts'
import { heldTokens } from '../session/held-tokens.ts'
import { type Limits, NO_LIMITS } from '../session/limits.ts'
import { outbox as createOutbox } from '../session/outbox.ts'
import { storeFailed } from '../session/outcome.ts'
import { createSession, type Session, type SessionOptions } from '../session/session.ts'
import { type SignIn, signIn } from '../session/sign-in.ts'
import { type SignOut, signOut } from '../session/sign-out.ts'
import { hearOthers } from '../session/sync.ts'
import { type RefreshingTokenSource, tokenSource } from '../session/token-source.ts'
import { startUpkeep } from '../session/upkeep.ts'
import type { TokenManagerOptions } from './options.ts'

/** The one session that all managers for an issuer, a client and an account share on one store. */
export interface SharedSession {
  readonly session: Session
  readonly source: RefreshingTokenSource
  readonly signIn: SignIn
  readonly signOut: SignOut
  readonly limits: Limits
  /** Makes the proofs for DPoP tokens. `undefined` without the option `dpop`. */
  readonly proofs: Proofs | undefined
  /** The beginning of the `state` of its sign-ins. */
  readonly statePrefix: string
  /** Starts the session and reads the record, at the first call. Never rejects. */
  ready(): Promise<void>
  /** Called when a manager does not use the session any more. After the last one, everything stops. */
  release(): void
}

/** How much longer a lease is valid than the request that it covers, in milliseconds, because timers may be late. */
const LEASE_MARGIN = 3_000
const LOCK_TIMEOUT = 3_000

const realm = new WeakMap<Store<unknown>, Map<string, { readonly shared: SharedSession; users: number }>>()

/** The session for `options` on the store of `platform`. If several managers share it, the options of the first one count. Starts nothing. */
export function sharedSession(
  options: TokenManagerOptions,
  platform: Platform,
  insecureLoopback: boolean,
): SharedSession {
  const identity = identityOf(options)
  const sessions = realm.get(platform.store) ?? new Map()
  realm.set(platform.store, sessions)

  const known = sessions.get(identity)
  if (known) {
    known.users++
    return known.shared
  }

  const entry = { users: 1, shared: build(options, platform, identity, insecureLoopback, release) }
  sessions.set(identity, entry)
  return entry.shared

  function release(stop: () => void) {
    if (--entry.users > 0) return
    sessions.delete(identity)
    stop()
  }
}

function build(
  options: TokenManagerOptions,
  platform: Platform,
  identity: string,
  insecureLoopback: boolean,
  release: (stop: () => void) => void,
): SharedSession {
  const rules = sessionOptions(options)
  const onDegraded = (step: Degradation) => session.emit('degraded', { step })
  const onClockOff = (details: ClockOff) => session.emit('clock_off', details)
  const missingNonce = options[allowMissingNonce] === true
  const server = authorizationServer(
    { ...options, ...rules, insecureLoopback, missingNonce, onDegraded, onClockOff },
    { text: webText, ...platform },
  )

  const session = createSession({ platform, server, options: rules })
  const outbox = createOutbox(session)
  const tokens = heldTokens(session)
  const ending = signOut(session, outbox)
  const limits = options.limits?.start(session as never, ending.end as never) ?? NO_LIMITS
  const source = tokenSource({ session, tokens, ready, limits, end: ending.end })
  const stops: (() => void)[] = [outbox.close, () => session.close()]
  const statePrefix = `${checksum(identity)}.`
  let starting: Promise<void> | undefined

  return {
    session,
    source,
    ready,
    statePrefix,
    signIn: signIn(session, statePrefix),
    signOut: ending,
    limits,
    proofs: server.dpop?.proofs(tokens.keyOf, (token, error) =>
      ending.end('dpop_key_lost', error, ({ grantId }) => grantId === tokens.grantOf(token)),
    ),
    release: () => release(stop),
  }

  function stop() {
    for (const each of stops.splice(0)) each()
  }

  function ready(): Promise<void> {
    starting ??= start()
    return starting
  }

  async function start() {
    session.name = await sessionName(options, platform)
    stops.push(
      startUpkeep({ session, tokens, source, outbox, limits, end: ending.end }),
      hearOthers(session),
      platform.onDegraded?.((step) => session.emit('degraded', { step })) ?? (() => {}),
    )
    // The calls that were made before go on, and need the record and its tokens.
    if (session.closed) stop()

    const read = () =>
      session.read().catch((cause) => {
        if (session.locked) throw cause

        session.emit('store_failed', { during: 'read' })
        session.apply({ type: 'none', reason: 'storage_lost', error: storeFailed(cause) })
      })
    // Not every platform tells when the device was unlocked.
    await read().catch(() => void session.retry(read, 'read'))
  }
}

/** The options of the session, complete. */
export function sessionOptions(options: TokenManagerOptions): SessionOptions {
  const { store, requestTimeout = 10_000, limits, refresh, revokeReplaced = false } = options
  const { confirmInterval = store?.confirmInterval ?? 5_000 } = options
  return {
    requestTimeout,
    confirmInterval,
    leaseTime: requestTimeout + LEASE_MARGIN,
    lockTimeout: LOCK_TIMEOUT,
    leeway: 60_000,
    jitter: 0.5,
    ...refresh,
    ...limits?.options,
    signInTarget: signInTarget(options.resources),
    revokeReplaced,
  }
}

/** The name of the session for `options`, the same in every context. */
export async function sessionName(options: TokenManagerOptions, platform: Platform): Promise<string> {
  // Without a hash function (an insecure context) nobody can sign in, and nothing is stored. So the name does not matter.
  const hash = await sha256(platform, identityOf(options), 16).catch(() => '')
  return `tokenward.${hash}`
}

function identityOf({ issuer, clientId, account = '' }: TokenManagerOptions): string {
  return JSON.stringify([issuer, clientId, account])
}

/** It only tells the managers of one page apart. The names in the store are made with SHA-256. */
function checksum(value: string): string {
  let hash = 0
  for (const char of value) hash = (31 * hash + char.charCodeAt(0)) % 2_147_483_647
  return hash.toString(36)
}
