import type { ManagerPlatform } from '../manager/create-token-manager.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { Target } from '../protocol/access-token.ts'
import { ACCESS_TOKEN, type TypedToken, tokenExchangeGrant } from '../protocol/token-exchange.ts'
import { type ClientTokenOptions, clientTokenContext } from './context.ts'
import type { ClientTokenEvent, ClientTokenEventType } from './events.ts'
import type { ResourceClient } from './resource-client.ts'
import { asked, checkText, subjects } from './subjects.ts'
import { forgotten } from './token-cache.ts'

/** Options of `createTokenExchange`. */
export interface TokenExchangeOptions extends ClientTokenOptions {
  /** The kind of token wanted (RFC 8693 §3). Default: the server decides, which is an access token. */
  readonly requestedTokenType?: string
}

/** The subject: in whose name the service calls, and the token that proves it. */
export interface ExchangeSubject {
  /** The subject's token, or a function that returns it and is called before every exchange. */
  readonly token: string | (() => string | Promise<string>)
  /** The name under which results are kept. Required with a function. Default: the SHA-256 of `token`. */
  readonly id?: string
  /** The kind of `token` (RFC 8693 §3). Default `urn:ietf:params:oauth:token-type:access_token`. */
  readonly tokenType?: string
  /** Who acts for the subject. Default: nobody is named. */
  readonly actor?: {
    /** The actor's token. */
    readonly token: string
    /** Its type. Default: an access token. */
    readonly tokenType?: string
  }
}

/** Exchanges subjects' tokens for tokens that other APIs accept. */
export interface TokenExchange {
  /**
   * Calls APIs for a subject: a user's token from a request, or the manager of a session. You may keep the result, or call this again each time:
   * tokens are kept either way.
   *
   * With a manager, the tokens belong to its session. Every call checks whether it is still the same session. Tokens of an earlier session are
   * removed, at `signed_out` at once, and revoked unless the same person has signed in again.
   *
   * A session of a pool may leave memory, and its manager then hears of no sign-out. So for a pool give a subject with the session's name as `id`, and
   * call `forget(account)` at the pool's event `signed_out`.
   */
  for(subject: ExchangeSubject | TokenManager): ResourceClient
  /**
   * Removes the tokens of a subject from memory, and asks the server once to revoke them (RFC 7009). Call it at the subject's sign-out. It never
   * rejects: the events `revoked` and `revocation_failed` say what happened.
   * @param subject its id, its token, or what `for()` was given
   */
  forget(subject: string | ExchangeSubject | TokenManager): Promise<void>
  /** Calls `listener` for each event of one type. Returns a function that ends this. */
  on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void
  /** Removes every token from memory. If it is used again, it starts again. */
  dispose(): void
}

/**
 * Token exchange (RFC 8693): calls other APIs in the name of the caller of this one. This process keeps the tokens by subject, actor, resource,
 * audience and scope until they expire, at most `maxTokens` of them. All callers share one exchange.
 * @param platform what it runs on
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenExchange(options: TokenExchangeOptions, platform: ManagerPlatform): TokenExchange {
  const context = clientTokenContext(options, platform, ['requestedTokenType'])
  const { parameters, requestedTokenType: requestedType } = options
  if (requestedType !== undefined) checkText(requestedType, 'requestedTokenType')
  const derived = subjects(context)
  const managers = new WeakMap<TokenManager, Followed>()
  let count = 0

  return {
    for: (subject) => (isManager(subject) ? ofManager(subject).client : ofToken(subject)),
    async forget(subject) {
      if (typeof subject === 'string') {
        await Promise.all([derived.forget(['id', subject]), derived.forget(['token', subject])])
        return
      }
      if (isManager(subject)) await leave(ofManager(subject))
      else await derived.forget(nameOf(subject))
    },
    on: derived.on,
    dispose: derived.dispose,
  }

  function ofManager(manager: TokenManager): Followed {
    const known = managers.get(manager)
    if (known) return known

    const id = `${++count}`
    const present = (signal?: AbortSignal | null) => presentOf(manager, followed, id, signal ?? undefined)
    const followed: Followed = {
      client: {
        getAccessToken: async (options) => (await present(options?.signal)).getAccessToken(options),
        fetch: async (input, init) => (await present(init?.signal)).fetch(input, init),
        headersFor: async (...args) => (await present()).headersFor(...args),
      },
    }
    manager.on('signed_out', () => void leave(followed))
    managers.set(manager, followed)
    return followed
  }

  /** The client for the session that the manager has now. */
  async function presentOf(
    manager: TokenManager,
    followed: Followed,
    id: string,
    signal: AbortSignal | undefined,
  ): Promise<ResourceClient> {
    // This call finds out whether the session still goes on. Any other failure does not matter: tokens that were exchanged before stay valid.
    const failed = await manager.getAccessToken(signal && { signal }).then(
      () => undefined,
      (error: unknown) => error,
    )

    const session = sessionOf(manager)
    if (followed.of && followed.of.session !== session) {
      // If the same person has signed in again, the old tokens are not revoked: the server might end the new session too (RFC 7009 §2.1).
      const kept = session !== undefined && followed.of.subject === subjectOf(manager)
      void leave(followed, { kept })
    }
    if (session === undefined) throw failed ?? forgotten()

    followed.of ??= beginning(manager, id, session)
    return followed.of.client
  }

  function beginning(manager: TokenManager, id: string, session: string): FollowedSession {
    const name = ['manager', id, session]
    const token = async () => {
      const { value } = await manager.getAccessToken()
      if (sessionOf(manager) !== session) throw forgotten()
      return value
    }
    return { session, subject: subjectOf(manager), name, client: ofToken({ token }, name) }
  }

  async function leave(followed: Followed, manner?: { readonly kept: boolean }): Promise<void> {
    const { of } = followed
    followed.of = undefined
    if (of) await derived.forget(of.name, manner)
  }

  function ofToken(given: ExchangeSubject, name = nameOf(given)): ResourceClient {
    const { token, tokenType = ACCESS_TOKEN, actor } = given
    checkText(tokenType, 'tokenType')
    if (actor) checkText(actor.token, 'actor.token')
    const acting: TypedToken | undefined = actor && { token: actor.token, type: actor.tokenType ?? ACCESS_TOKEN }
    const ask = typeof token === 'function' ? token : () => token

    const exchange = (subjectToken: string, target: Target) => {
      const subject = { token: subjectToken, type: tokenType }
      return context.key.use((dpopKey) =>
        tokenExchangeGrant(context.server, { ...target, parameters, requestedType, subject, actor: acting, dpopKey }),
      )
    }
    const send = (target: Target) => asked(ask, (subjectToken) => exchange(subjectToken, target))

    const manner = [tokenType, acting?.token ?? '', acting?.type ?? '']
    return derived.client(name, send, manner)
  }
}

/** A manager that tokens are exchanged for. It has one session after another. */
interface Followed {
  readonly client: ResourceClient
  /** The session at the last call. */
  of?: FollowedSession | undefined
}

/** One session of a manager, and the client that calls APIs for it. */
interface FollowedSession {
  readonly session: string
  readonly subject: string | undefined
  /** The name of its tokens in the cache. */
  readonly name: readonly string[]
  readonly client: ResourceClient
}

/** A text that differs between two sessions of a manager. `undefined` if nobody is signed in. */
function sessionOf({ state }: TokenManager): string | undefined {
  return state.status === 'signedIn' ? JSON.stringify([state.session.signedInAt, state.session.subject]) : undefined
}

function subjectOf({ state }: TokenManager): string | undefined {
  return state.status === 'signedIn' ? state.session.subject : undefined
}

function nameOf({ id, token }: ExchangeSubject): readonly string[] {
  if (id !== undefined) {
    checkText(id, 'subject.id')
    return ['id', id]
  }
  checkText(token, 'subject.id (or subject.token)')
  return ['token', token]
}

function isManager(subject: ExchangeSubject | TokenManager): subject is TokenManager {
  return 'getAccessToken' in Object(subject)
}
