import { invalidOption } from '../errors.ts'
import type { ManagerPlatform } from '../manager/create-token-manager.ts'
import type { Target } from '../protocol/access-token.ts'
import { jwtBearerGrant } from '../protocol/client-credentials.ts'
import { type ClientTokenOptions, clientTokenContext } from './context.ts'
import type { ClientTokenEvent, ClientTokenEventType } from './events.ts'
import type { ResourceClient } from './resource-client.ts'
import { asked, checkText, subjects } from './subjects.ts'

/** Options of `createJwtBearer`. */
export interface JwtBearerOptions extends ClientTokenOptions {
  /**
   * Returns the assertion about `subject`: a signed JWT that the authorization server trusts (RFC 7523 §3). It is called before every request, so
   * no assertion is sent twice.
   */
  readonly assertion: (subject: string) => string | Promise<string>
}

/** Tokens for subjects that this service vouches for. */
export interface JwtBearer {
  /** Calls APIs for a subject. */
  for(subject: string): ResourceClient
  /**
   * Removes the tokens of a subject from memory, and asks the server once to revoke them (RFC 7009). Call it at the subject's sign-out. It never
   * rejects: the events `revoked` and `revocation_failed` say what happened.
   */
  forget(subject: string): Promise<void>
  /** Calls `listener` for each event of one type. Returns a function that ends this. */
  on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void
  /** Removes every token from memory. If it is used again, it starts again. */
  dispose(): void
}

/**
 * The JWT bearer grant (RFC 7523 §2.1), for a service account or for users that this service vouches for. This process keeps one token for each
 * subject, resource, audience and scope until it expires, at most `maxTokens` of them. All callers share one request.
 * @param platform what it runs on
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function createJwtBearer(options: JwtBearerOptions, platform: ManagerPlatform): JwtBearer {
  const context = clientTokenContext(options, platform, ['assertion'])
  const { assertion, parameters } = options
  if (typeof assertion !== 'function') throw invalidOption('assertion', 'a function')

  const derived = subjects(context)
  const ask = (jwt: string, target: Target) =>
    context.key.use((dpopKey) => jwtBearerGrant(context.server, jwt, { ...target, parameters, dpopKey }))

  return {
    for(subject) {
      checkText(subject, 'subject')
      const send = (target: Target) =>
        asked(
          () => assertion(subject),
          (jwt) => ask(jwt, target),
        )
      return derived.client([subject], send)
    },
    forget: (subject) => derived.forget([subject]),
    on: derived.on,
    dispose: derived.dispose,
  }
}
