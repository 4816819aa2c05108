import type { ManagerPlatform } from '../create-token-manager.ts'
import { ACCESS_TOKEN, type TypedToken, tokenExchangeGrant } from '../protocol/token-exchange.ts'
import type { TokenManager } from '../token-manager.ts'
import { type ClientTokenOptions, clientTokenContext } from './context.ts'
import type { ClientTokenEvent, ClientTokenEventType } from './events.ts'
import type { ResourceClient } from './resource-client.ts'
import { asked, checkText, subjects } from './subjects.ts'

/** Options of `createTokenExchange`. */
export interface TokenExchangeOptions extends ClientTokenOptions {
  /** The kind of token wanted (RFC 8693 §3). Default: the server decides, which is an access token. */
  readonly requestedTokenType?: string
}

/** On whose behalf, and what proves it. */
export interface ExchangeSubject {
  /** The subject's token, or a function that is asked for it before every exchange. */
  readonly token: string | (() => string | Promise<string>)
  /** What the results are cached under. Needed with a function; default: the SHA-256 of `token`. */
  readonly id?: string
  /** The kind of `token` (RFC 8693 §3). Default `urn:ietf:params:oauth:token-type:access_token`. */
  readonly tokenType?: string
  /** Who acts for the subject, and what kind of token that is (default as above). Default: nobody is named. */
  readonly actor?: {
    /** A token of the actor's. */
    readonly token: string
    /** Its type. Default: an access token. */
    readonly tokenType?: string
  }
}

/** Exchanges subjects' tokens for tokens that other APIs take. */
export interface TokenExchange {
  /**
   * Calls APIs for a subject: a user's token as it came in with a request, or a session's manager. Keep it for as long as the subject
   * is served, or ask again each time: the results are cached either way.
   * A manager's results are forgotten and revoked when its session ends (`signed_out`).
   */
  for(subject: ExchangeSubject | TokenManager): ResourceClient
  /**
   * Forgets everything derived for a subject, at its sign-out, and then asks the server once to revoke it (RFC 7009). Never rejects: the
   * events `revoked` and `revocation_failed` tell.
   * @param subject its id, its token, or what `for()` was given
   */
  forget(subject: string | ExchangeSubject | TokenManager): Promise<void>
  /** Hears one type of event. Returns its own undo. */
  on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void
  /** Forgets every token. Using it again begins anew. */
  dispose(): void
}

/**
 * Token exchange (RFC 8693): calls other APIs on behalf of whoever called this one. Results are cached by subject, actor, resource, audience
 * and scope until they expire, bounded by `maxTokens`, in this process only; one exchange for any number of callers.
 * @param platform what it runs on
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createTokenExchange(options: TokenExchangeOptions, platform: ManagerPlatform): TokenExchange {
  const context = clientTokenContext(options, platform, ['requestedTokenType'])
  const { parameters, requestedTokenType: requestedType } = options
  if (requestedType !== undefined) checkText(requestedType, 'requestedTokenType')
  const derived = subjects(context)
  const managers = new WeakMap<TokenManager, { readonly id: string; readonly client: ResourceClient }>()
  let count = 0

  return {
    for: (subject) => (isManager(subject) ? ofManager(subject).client : ofToken(subject)),
    async forget(subject) {
      if (typeof subject === 'string') await Promise.all(['id', 'token'].map((kind) => derived.forget([kind, subject])))
      else if (isManager(subject)) await derived.forget(['manager', ofManager(subject).id])
      else await derived.forget(nameOf(subject))
    },
    on: derived.on,
    dispose: derived.dispose,
  }

  function ofManager(manager: TokenManager) {
    const known = managers.get(manager)
    if (known) return known
    const id = `${++count}`
    const name = ['manager', id]
    manager.on('signed_out', () => void derived.forget(name))
    const client = ofToken({ token: async () => (await manager.getAccessToken()).value }, name)
    const entry = { id, client }
    managers.set(manager, entry)
    return entry
  }

  function ofToken(given: ExchangeSubject, name = nameOf(given)): ResourceClient {
    const { token, tokenType = ACCESS_TOKEN, actor } = given
    checkText(tokenType, 'tokenType')
    if (actor) checkText(actor.token, 'actor.token')
    const acting: TypedToken | undefined = actor && { token: actor.token, type: actor.tokenType ?? ACCESS_TOKEN }
    return derived.client(
      name,
      (target) =>
        asked(typeof token === 'function' ? token : () => token, (value) =>
          context.key.use((dpopKey) =>
            tokenExchangeGrant(context.server, {
              ...{ ...target, parameters, requestedType, actor: acting, dpopKey },
              subject: { token: value, type: tokenType },
            }),
          ),
        ),
      [tokenType, acting?.token ?? '', acting?.type ?? ''],
    )
  }
}

function nameOf({ id, token }: ExchangeSubject): readonly string[] {
  if (id === undefined) checkText(token, 'subject.id (or subject.token)')
  else checkText(id, 'subject.id')
  return id === undefined ? ['token', token as string] : ['id', id]
}

function isManager(subject: ExchangeSubject | TokenManager): subject is TokenManager {
  return 'getAccessToken' in Object(subject)
}
