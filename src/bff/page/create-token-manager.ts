import { invalidOption, TokenManagerError } from '../../errors.ts'
import type { StepUp } from '../../manager/step-up.ts'
import type { SignInOptions, TokenManager } from '../../manager/token-manager.ts'
import type { AccessToken } from '../../protocol/access-token.ts'
import type { TokenManagerEvent } from '../../session/events.ts'
import { listenerSet } from '../../session/listener-set.ts'
import { LOADING, type SessionState } from '../../session/state.ts'
import type { SessionAnswer, SignOutAnswer, TokenAnswer } from '../page-answers.ts'
import { backendAt, FIELD, refusalOf, stateOf } from './backend.ts'
import { pause, type SessionStream, sessionStream } from './session-stream.ts'

/** Options of the page's `createTokenManager`. */
export interface PageOptions {
  /**
   * The folder of the backend's `redirectUri`, where its own paths are. It is a path of this site. If the backend has another origin, it is a
   * URL, and the backend has to list the page's origin in `origins`. Then `signIn()` rejects: only a page of the backend's origin can begin a
   * sign-in. Default `'/auth'`.
   */
  readonly base?: string
}

/** Options of the page's `signIn()`. */
export interface PageSignInOptions extends Omit<SignInOptions, 'stepUp'> {
  /** What an API asked for with `ERR_STEP_UP_REQUIRED`: `stepUp(error)`. The backend then asks the authorization server for it. */
  readonly stepUp?: Omit<StepUp, 'start'>
}

/** The token manager of a page that has no tokens. It can be used where a `TokenManager` is expected, such as in `tokenward/react`. */
export interface PageTokenManager extends Omit<TokenManager, 'signIn'> {
  /**
   * As in `TokenManager`. The page goes to the backend, and from there to the authorization server. Rejects with `ERR_UNSUPPORTED` if the backend
   * has another origin: it begins sign-ins for its own pages only.
   */
  readonly signIn: (options?: PageSignInOptions) => Promise<SessionState>
}

/** For how long the session is asked for again while its cookie has an old name, and the shortest pause between two requests, in ms. */
const PATIENCE = 10_000
const PAUSE = 200
/** How long the backend may take to say who is signed in, in ms. Then it is asked again: the connection may be broken. */
const LIMIT = 30_000

/**
 * Makes the token manager of a page whose backend keeps the tokens (`createBff`). It has the same `state`, `subscribe`, `ready`, `signIn`,
 * `signOut`, `fetch` and `on` as a `TokenManager`, so that `tokenward/react` works with it. `getAccessToken` gives only tokens that the
 * backend's option `pageTokens` lists, and otherwise rejects with `ERR_UNSUPPORTED`. So do `adopt`, `refresh` and `completeSignIn`.
 *
 * One event stream, which all tabs share, tells it of the session. `fetch` is for paths of this site that the backend passes to APIs. The
 * events are `signed_in`, `signed_out` and `user_changed`. There is also `step_up_required`, in the tab whose call needs another sign-in.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenManager(options: PageOptions = {}): PageTokenManager {
  const base = baseOf(options)
  const isPage = typeof window === 'object'
  const backend = isPage ? backendAt(base) : undefined
  const states = listenerSet<SessionState>()
  const events = listenerSet<TokenManagerEvent>()
  let state = LOADING.state
  let stream: SessionStream | undefined
  let starting: Promise<SessionState> | undefined
  let told = ''
  /**
   * The number of the last request to the backend, and the number of the request whose answer was last used. The answer to an older request
   * is not used any more: it may be out of date.
   */
  let begun = 0
  let applied = 0

  const manager: PageTokenManager = {
    get state() {
      return state
    },
    subscribe(listener) {
      listener(state)
      void start()
      return states.add(listener)
    },
    on: (type, listener) => {
      void start()
      return events.add((event) => event.type === type && listener(event as never))
    },
    ready: () => start(),
    async signIn(options) {
      if (here().origin !== location.origin)
        throw new TokenManagerError(
          'ERR_UNSUPPORTED',
          'unsupported_flow',
          'The backend has another origin than this page, and begins no sign-in for it. Send the person to a page of the backend that calls signIn()',
        )

      location.assign(`${base}/login?${new URLSearchParams(loginParameters(options))}`)
      // Never settles, because the browser leaves the page.
      return new Promise(() => {})
    },
    async signOut({ endSession } = {}) {
      const { local, endSessionUrl } = await here().read<SignOutAnswer>('/logout', { method: 'POST' })
      apply({ status: 'signedOut', reason: 'signed_out' }, ++begun)
      tellTabs()
      return {
        local,
        tokens: [],
        revoked: Promise.resolve('pending'),
        endSessionUrl: endSession ? endSessionUrl : undefined,
      }
    },
    async fetch(input, init) {
      const { send, origin } = here()
      const request = new Request(input as RequestInfo, init)
      if (new URL(request.url).origin !== origin)
        throw new TokenManagerError('ERR_TARGET_NOT_ALLOWED', 'target_not_listed', `The backend is at ${origin}`)

      // A copy of the body would be kept in memory, and a stream can be long. So a request with a body is sent only once.
      const again = request.body ? undefined : request.clone()
      const response = await send(request)
      const refusal = await refusalOf(response)
      if (!refusal) return response

      const isOver = refusal.code === 'ERR_SIGNED_OUT'
      const isRenamed = isOver && (await look()).status === 'signedIn'
      const repeated = isRenamed && again && (await send(again))
      const outcome = repeated ? await refusalOf(repeated) : refusal
      if (repeated && !outcome) return repeated

      if (outcome?.code === 'ERR_STEP_UP_REQUIRED')
        events.tell({ type: 'step_up_required', at: Date.now(), reason: outcome.reason, scope: outcome.scope })
      throw outcome
    },
    async headersFor() {
      here()
      return new Headers({ [FIELD]: '1' })
    },
    completeSignIn: unsupported,
    adopt: unsupported,
    async getAccessToken({ resource, audience, scope } = {}) {
      const body = new URLSearchParams(given({ resource, audience, scope }))
      const { value, ...shown } = await here().read<TokenAnswer>('/token', { method: 'POST', body })
      // `value` is not enumerable, so that printing, spreading or serializing the object does not show the token.
      return Object.freeze(Object.defineProperty(shown, 'value', { value })) as AccessToken
    },
    refresh: unsupported,
    dispose() {
      stream?.dispose()
      stream = undefined
      starting = undefined
    },
  }
  return manager

  function here() {
    if (backend) return backend
    throw new TokenManagerError('ERR_UNSUPPORTED', 'no_window', 'There is no window here')
  }

  function start(): Promise<SessionState> {
    if (!backend) return Promise.resolve(state)
    stream ??= sessionStream(base, backend, {
      changed(answer) {
        apply(answer, ++begun)
        tellTabs()
      },
      ended: lookAndTell,
      heard: (known) => known !== told && void look(),
    })
    // The person may just have signed in in this tab. The other tabs do not know it yet.
    starting ??= lookAndTell()
    return starting
  }

  async function lookAndTell(): Promise<SessionState> {
    await look()
    tellTabs()
    return state
  }

  function tellTabs() {
    stream?.tell(told)
  }

  /**
   * Asks for the session until the backend answers. If the session has just got another name, it is asked for again: the browser gets the new
   * cookie in a moment.
   */
  async function look(): Promise<SessionState> {
    const until = Date.now() + PATIENCE
    const own = stream
    for (let next = PAUSE; own === stream; next = Math.min(2 * next, PATIENCE)) {
      const order = ++begun
      const asking = new AbortController()
      const limit = setTimeout(() => asking.abort(), LIMIT)
      const answer = await here()
        .read<SessionAnswer>('/session', { signal: asking.signal })
        .catch(() => undefined)
      clearTimeout(limit)
      const isRenamed = answer?.reason === 'renamed' && Date.now() < until
      if (answer && !isRenamed) {
        apply(answer, order)
        return state
      }
      await pause(isRenamed ? PAUSE : next)
    }
    return state
  }

  function apply({ endsAt: _, ...answer }: SessionAnswer, order: number) {
    if (order < applied) return
    applied = order

    const isSignedIn = answer.status === 'signedIn'
    if (isSignedIn) stream?.open()
    else stream?.close()

    const text = JSON.stringify(answer)
    // If the session had ended before, the reason of its first end stays.
    const isKnown = text === told || (!isSignedIn && state.status === 'signedOut')
    if (isKnown) return
    told = text

    const before = state
    // The cookie has disappeared: another tab has signed out.
    const isLost = before.status === 'signedIn' && answer.reason === 'none'
    state = stateOf(isLost ? { ...answer, reason: 'signed_out_elsewhere' } : answer)
    states.tell(state)
    tell(before, state)
  }

  function tell(before: SessionState, after: SessionState) {
    const was = before.status === 'signedIn' ? before.session.subject : undefined
    const at = Date.now()
    if (after.status === 'signedOut' && before.status === 'signedIn')
      events.tell({ type: 'signed_out', at, reason: after.reason })
    if (after.status !== 'signedIn') return

    const { subject } = after.session
    if (before.status === 'signedOut') events.tell({ type: 'signed_in', at, subject })
    if (before.status === 'signedIn' && was !== subject) events.tell({ type: 'user_changed', at })
  }
}

/** The form of the option `base`: a path, or a URL with a path. */
const BASE = /^(https?:\/\/[^/?#\s]+)?\/(?!\/)[\w.~/-]*[\w~-]$/

function baseOf({ base = '/auth', ...others }: PageOptions): string {
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw invalidOption(unknown, 'left out: the one option is base')
  if (BASE.test(base)) return base

  throw invalidOption('base', "a path such as '/auth', or the URL of one, without a slash at the end")
}

/** The parameters of the backend's path `login`. */
function loginParameters({ stepUp, ...asked }: PageSignInOptions = {}): Record<string, string> {
  const { pathname, search, hash } = location
  const { returnTo = pathname + search + hash, prompt, loginHint, uiLocales } = asked
  const { acrValues, maxAge, scope } = stepUp ?? asked
  return given({
    returnTo,
    prompt,
    loginHint,
    acrValues: acrValues?.join(' '),
    maxAge: maxAge?.toString(),
    scope,
    uiLocales: uiLocales?.join(' '),
  })
}

/** The members of `values` that are not `undefined`. */
function given(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined))
}

async function unsupported(): Promise<never> {
  throw new TokenManagerError('ERR_UNSUPPORTED', 'unsupported_flow', 'The backend keeps the tokens')
}
