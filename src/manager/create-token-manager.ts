import { TokenManagerError } from '../errors.ts'
import type { Platform } from '../ports.ts'
import type { AccessToken, Target } from '../protocol/access-token.ts'
import { authorizationHeader } from '../protocol/access-token.ts'
import { metadataOf } from '../protocol/authorization-server.ts'
import { isDevelopment } from '../protocol/development.ts'
import { onceDone } from '../protocol/once-done.ts'
import { type AuthorizedFetchOptions, authorizedFetch, notAllowed } from '../requests/authorized-fetch.ts'
import { type Match, resourceMatcher, resourcesIn, signInScope, signInTarget } from '../requests/resource-matcher.ts'
import { union } from '../session/scope.ts'
import { LOADING } from '../session/state.ts'
import { checkOptions, checkSignInOptions } from './check-options.ts'
import { allowInsecureLoopback, checkProtection, checkTarget, type TokenManagerOptions } from './options.ts'
import { type SharedSession, sharedSession } from './shared-session.ts'
import type { TokenManager } from './token-manager.ts'

/** A platform, and what it does with redirects. */
export interface ManagerPlatform extends Platform {
  /**
   * `followRedirect`, on platforms whose `fetch` shows redirects (Node). Redirects that stay within their entry of `resources` are then
   * followed. Default: a redirect that could take the token to another place throws `ERR_REDIRECTED`.
   */
  readonly followRedirect?: AuthorizedFetchOptions['follow']
}

const PORTS = ['store', 'fetch', 'lock', 'channel', 'lifecycle', 'clock', 'crypto', 'userAgent'] as const

/**
 * Makes the manager of one session. It does no I/O and starts nothing before it is used. Managers with the same issuer, client, account and
 * store share one session.
 * @param platform the ports of the platform. `undefined` while a server renders a page: the manager then stays `loading`
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function createTokenManager(options: TokenManagerOptions, platform: ManagerPlatform | undefined): TokenManager {
  return managerOf(options, managerBasis(options, platform))[0]
}

/** What is the same for all managers that differ only in `account`. */
export interface ManagerBasis {
  readonly ports: Platform | undefined
  readonly match: (url: string) => Match
  readonly first: Target
  readonly follow: AuthorizedFetchOptions['follow']
  readonly insecureLoopback: boolean
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` */
export function managerBasis(options: TokenManagerOptions, platform: ManagerPlatform | undefined): ManagerBasis {
  if (isDevelopment) checkOptions(options)
  else checkProtection(options)

  const insecureLoopback = options[allowInsecureLoopback] === true
  const { resources = [] } = options
  metadataOf({ ...options, insecureLoopback })

  return {
    match: resourceMatcher(resources, { origin: platform ? platform.origin : ORIGIN_TO_COME, insecureLoopback }),
    first: signInTarget(resources),
    ports: platform && portsOf(options, platform),
    follow: platform?.followRedirect,
    insecureLoopback,
  }
}

/** The platform's ports. Those that the options give replace them. A store may have a clock of its own. */
function portsOf(options: TokenManagerOptions, platform: Platform): Platform {
  const given = PORTS.filter((name) => options[name]).map((name) => [name, options[name]])
  const clock = options.store?.clock ?? platform.clock
  return { ...platform, clock, ...Object.fromEntries(given) }
}

/** Stands for the page's origin while a server renders the page. Paths in `resources` can then be checked. No request goes there. */
const ORIGIN_TO_COME = 'https://page.invalid'

/**
 * Makes a manager, and a function that gives its session if that is in memory.
 * @param options options that were checked
 */
export function managerOf(
  options: TokenManagerOptions,
  { ports, match, first, follow, insecureLoopback }: ManagerBasis,
): readonly [manager: TokenManager, shared: () => SharedSession | undefined] {
  const { scope = '', unlisted = 'throw', whenSignedOut = 'throw', resources = [], endSessionParams } = options
  const redirectUri = absolute(options.redirectUri, ports?.origin)
  const postLogoutRedirectUri = absolute(options.postLogoutRedirectUri, ports?.origin)
  const asked = signInScope(scope, resources)
  let shared: SharedSession | undefined
  let starting: Promise<unknown> | undefined
  let stopAnswers: (() => void) | undefined
  /** Completes the sign-in that the last answer was for, or shares what came of it. */
  let taken: (() => Promise<void>) | undefined

  const manager: TokenManager = {
    get state() {
      return shared?.session.shown ?? LOADING.state
    },
    subscribe(listener) {
      const undo = use()?.session.subscribe(listener)
      if (undo) void manager.ready()
      else listener(manager.state)
      return undo ?? (() => {})
    },
    on: (type, listener) => use()?.session.on(type, listener) ?? (() => {}),
    async ready() {
      if (ports) await start()
      return manager.state
    },
    async signIn(signInOptions = {}) {
      if (isDevelopment) checkSignInOptions(signInOptions)

      const { userAgent = ports?.userAgent, stepUp, ...request } = signInOptions
      const { signIn, source } = here()
      if (!userAgent) throw new TokenManagerError('ERR_UNSUPPORTED', 'no_window', 'signIn() needs option userAgent')
      // It is still a path if there is no page, and so no origin for it.
      if (!redirectUri?.includes(':'))
        throw new TokenManagerError(
          'ERR_INVALID_OPTION',
          'invalid_option',
          'signIn() needs option redirectUri, an absolute URL; only a page may use a path',
        )

      await signIn.signIn({
        scope: asked,
        ...request,
        redirectUri,
        userAgent,
        ready: start,
        stepUp: stepUp && ((live, now) => stepUp.start(source.grantOf, live, now)),
        resources: resourcesIn(resources),
        push: options.pushedAuthorizationRequests?.start,
        extra: { audience: first.audience, ...options.authorizationParams },
      })
      return manager.state
    },
    async completeSignIn(given) {
      const [awaited, answer] = answerHere(given)
      const redeem = answer === undefined ? (taken ?? redeeming('')) : redeeming(answer, awaited)

      // Now, and not after a wait: a manager that is disposed of meanwhile does not start again.
      void start()
      await redeem()
      return manager.state
    },
    async adopt(tokens) {
      const { signIn } = here()
      await start()

      const granted = tokens.scope ?? asked
      await signIn.adopt({ ...tokens, scope: granted, requestedScope: union(granted, asked) })
      return manager.state
    },
    getAccessToken(wanted) {
      const target = wanted ? targetOf(wanted) : first
      const hot = wanted?.minValidity === undefined && shared?.source.current(target)
      return hot ? Promise.resolve(hot) : getToken(target, wanted?.signal, wanted?.minValidity)
    },
    fetch: authorizedFetch({
      source: {
        current: (target) => shared?.source.current(target),
        get: getToken,
        replace: (...refused) => here().source.replace(...refused),
      },
      fetch: (input, init) => (ports ?? nowhere()).fetch(input, init),
      proofs: () => shared?.proofs,
      match,
      unlisted,
      whenSignedOut,
      follow,
      observe: (type, details) => shared?.session.emit(type, details),
    }),
    async headersFor(url, method = 'GET') {
      const place = match(String(url))
      if (!place.target) throw notAllowed(place)

      const token = await getToken(place.target)
      const headers = { authorization: authorizationHeader(token) }
      await shared?.proofs?.prove(token, method, place.url, headers)
      return new Headers(headers)
    },
    async refresh({ reason, ...wanted } = {}) {
      if (isDevelopment) checkTarget(options, wanted)

      const own = here()
      const grant = await startedFor(own)
      return own.source.refresh(targetOf(wanted), reason, grant)
    },
    async signOut(signOutOptions) {
      const { signOut } = here()
      await start()
      return signOut.signOut({ ...signOutOptions, postLogoutRedirectUri, endSessionParams })
    },
    dispose() {
      stopAnswers?.()
      stopAnswers = undefined
      shared?.release()
      shared = undefined
      starting = undefined
    },
  }
  return [manager, () => shared]

  function targetOf({ resource, audience, scope: wanted }: Target): Target {
    if ((resource ?? audience) === undefined) return { ...first, scope: wanted ?? first.scope } as Target
    return { resource, audience, scope: wanted } as Target
  }

  function use(): SharedSession | undefined {
    shared ??= ports && sharedSession(options, ports, insecureLoopback)
    return shared
  }

  function here(): SharedSession {
    return use() ?? nowhere()
  }

  async function getToken(target: Target, signal?: AbortSignal, minValidity?: number): Promise<AccessToken> {
    if (isDevelopment) checkTarget(options, target)

    const own = here()
    const grant = await startedFor(own)
    return own.source.get(target, signal, minValidity, grant)
  }

  /**
   * Waits for the start, and gives the grant that the call is for. A call is for the person who was signed in when it was made, even if another
   * person is signed in after the start. While this page completes a sign-in, the call is for the person who comes back: then the result is
   * `undefined`.
   */
  async function startedFor(own: SharedSession): Promise<string | undefined> {
    const started = start()

    const isCompleting = own.session.completing !== undefined
    const grant = isCompleting ? undefined : own.session.live?.grantId

    await started
    return grant
  }

  function start(): Promise<unknown> {
    // This reads the address bar at once, so that other scripts do not see the code in it (RFC 9700 §4.2.4).
    starting ??= begin()
    return starting
  }

  /** Whether this context waits for the answer to a sign-in, and the URL of that answer: the one that is `given`, or the page's own. */
  function answerHere(given?: string) {
    const { statePrefix } = here()
    const userAgent = ports?.userAgent
    const awaited = userAgent?.awaits?.(statePrefix)
    const url = given ?? (redirectUri && userAgent?.callbackUrl(redirectUri, statePrefix))
    return [awaited, url] as const
  }

  async function begin() {
    const own = here()
    const [awaited, url] = answerHere()
    if (url !== undefined) void own.session.complete(complete(own, url, awaited))

    await own.ready()
    await own.session.completing
    if (shared === own) hearAnswers(own)
  }

  /** Completes sign-ins whose answer comes when their page does not wait for it any more. */
  function hearAnswers(own: SharedSession) {
    if (!redirectUri) return
    stopAnswers ??= ports?.userAgent?.answers?.(redirectUri, own.statePrefix, (url) => void complete(own, url))
  }

  async function complete(
    { session, signIn }: SharedSession,
    url: string | Promise<string | undefined>,
    awaited?: boolean,
  ) {
    try {
      await redeeming(url, awaited)()
    } catch (error) {
      const failure = error as TokenManagerError
      const { reason } = failure
      // No sign-in waits for this answer. It is an old link, or the URL that started the app and is read again after a reload.
      if (reason === 'state_mismatch' && !awaited) return

      // After `user_changed` the state is right already: it has this reason, or another person is signed in.
      if (reason !== 'user_changed')
        session.apply({ type: 'none', reason: 'sign_in_failed', error: failure, returnTo: signIn.returnTo(failure) })
      session.emit('sign_in_failed', { reason })
    }
  }

  /** Makes what completes the sign-in that `answer` is for. Called again, it shares that, or tries again if it failed. */
  function redeeming(...answer: Parameters<typeof redeem>): () => Promise<void> {
    taken = onceDone(() => redeem(...answer))
    return taken
  }

  async function redeem(answer: string | Promise<string | undefined>, awaited?: boolean) {
    // One more user of the session, until this is done. React's StrictMode starts a manager, disposes of it, and starts it again; the second
    // start finds no answer in the address bar any more.
    const { ready, signIn, release } = sharedSession(options, ports as Platform, insecureLoopback)
    try {
      await ready()

      const url = await answer
      if (url !== undefined) await signIn.complete(url, awaited)
    } finally {
      release()
    }
  }
}

/** `uri` as an absolute URL. A path such as `/callback` belongs to the page's own origin, as in `resources`. */
function absolute(uri: string | undefined, origin: string | undefined): string | undefined {
  return origin && uri?.startsWith('/') ? origin + uri : uri
}

function nowhere(): never {
  throw new TokenManagerError(
    'ERR_UNSUPPORTED',
    'no_window',
    'There is no page here, as when a server renders. In a page use createTokenManager of tokenward/browser, in Node that of tokenward/node',
  )
}
