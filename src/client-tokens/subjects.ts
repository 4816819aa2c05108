import { invalidOption, TokenManagerError } from '../errors.ts'
import type { Target } from '../protocol/access-token.ts'
import { revokeToken } from '../protocol/revocation.ts'
import type { TokenAnswer } from '../protocol/token-set.ts'
import { targetKey } from '../session/target-key.ts'
import type { ClientTokenContext } from './context.ts'
import type { ClientTokenEvent, ClientTokenEventType } from './events.ts'
import { type ResourceClient, resourceClient } from './resource-client.ts'
import { sendAgainWhenCut } from './send-again.ts'
import { hashOf } from './stored-name.ts'
import { forgotten, type TokenRequest, tokenCache, type Unproven } from './token-cache.ts'

/** Tokens that were derived from what proves a subject. */
export interface Subjects {
  /**
   * Calls APIs for a subject.
   * @param name what its tokens are cached under; never kept as it is
   * @param send one request for a target; never rejects
   * @param manner what else makes another token of it
   */
  client(
    name: readonly string[],
    send: (target: Target) => Promise<TokenAnswer | Unproven>,
    manner?: readonly string[],
  ): ResourceClient
  /**
   * Forgets the tokens of a subject, and asks the server once to revoke them (RFC 7009). Never rejects. A token that is under way is not
   * handed out any more, and revoked when it comes. A token that another subject has as well is left alone.
   * @param manner `kept`: the server is asked nothing
   */
  forget(name: readonly string[], manner?: { readonly kept: boolean }): Promise<void>
  on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void
  dispose(): void
}

/** No subject yet. */
export function subjects(context: ClientTokenContext): Subjects {
  const cache = tokenCache(context)
  const { crypto } = context.platform
  /** Calls that have no key yet. If their subject is forgotten meanwhile, they are over. */
  const beginning = new Set<{ readonly subject: string; over: boolean }>()

  return {
    client(name, send, manner = []) {
      let hash: string | undefined
      const keyOf = (target: Target) => (hash === undefined ? undefined : `${hash} ${targetKey(target)}`)

      const requestFor = async (target: Target): Promise<TokenRequest> => {
        const call = { subject: JSON.stringify(name), over: false }
        if (hash === undefined) beginning.add(call)
        try {
          hash ??= `${await hashOf(name, crypto)} ${await hashOf(manner, crypto)}`
        } finally {
          beginning.delete(call)
        }
        if (call.over) throw forgotten()

        const key = `${hash} ${targetKey(target)}`
        return { key, target, send: () => sendAgainWhenCut(() => send(target)) }
      }
      return resourceClient({ ...context, cache }, keyOf, requestFor)
    },
    async forget(name, { kept } = { kept: false }) {
      const subject = JSON.stringify(name)
      for (const call of beginning) if (call.subject === subject) call.over = true

      const prefix = `${await hashOf(name, crypto)} `
      const isOfSubject = (key: string) => key.startsWith(prefix)
      const revoking: Promise<void>[] = []
      cache.drop(isOfSubject, (token, target) => {
        const isWanted = kept || cache.holds(token)
        if (!isWanted) revoking.push(revoke(token, target))
      })
      await Promise.all(revoking)
    },
    on: context.on,
    dispose: cache.clear,
  }

  async function revoke(token: string, target: Target): Promise<void> {
    const kind = 'access_token'
    const answer = await revokeToken(context.server, { kind, token })

    if (typeof answer === 'object')
      context.emit('revocation_failed', target, { kind, reason: answer.failed.reason, final: true })
    if (answer === 'revoked') context.emit('revoked', target, { kind })
  }
}

/** Asks the application's own function. If that fails, it is a passing fault of this subject alone. Its message goes nowhere. */
export async function asked<T>(
  ask: () => T | Promise<T>,
  send: (value: T) => Promise<TokenAnswer>,
): Promise<TokenAnswer | Unproven> {
  let value: T
  try {
    value = await ask()
  } catch (cause) {
    return { kind: 'unproven', error: cause instanceof TokenManagerError ? cause : notHad(cause) }
  }
  return send(value)
}

function notHad(cause: unknown): TokenManagerError {
  return new TokenManagerError(
    'ERR_TEMPORARILY_UNAVAILABLE',
    'network_unavailable',
    'The token or assertion to send could not be had',
    { cause },
  )
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` is a text */
export function checkText(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string' || value === '') throw invalidOption(name, 'a non-empty string')
}
