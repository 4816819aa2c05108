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

/** The tokens of subjects, which are obtained with the subject's own token or with an assertion. */
export interface Subjects {
  /**
   * Makes the client that calls APIs for a subject.
   * @param name the subject's name in the cache. Only a hash of it is kept
   * @param send sends one token request for a target. Never rejects
   * @param manner other values that lead to a different token
   */
  client(
    name: readonly string[],
    send: (target: Target) => Promise<TokenAnswer | Unproven>,
    manner?: readonly string[],
  ): ResourceClient
  /**
   * Removes the tokens of a subject, and asks the server once to revoke them (RFC 7009). Never rejects. If a request is running, no caller gets its token,
   * which is revoked when it comes. A token that another subject has too is not revoked.
   * @param manner `kept`: no token is revoked
   */
  forget(name: readonly string[], manner?: { readonly kept: boolean }): Promise<void>
  on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void
  dispose(): void
}

/** Makes the tokens of subjects. There are none at first. */
export function subjects(context: ClientTokenContext): Subjects {
  const cache = tokenCache(context)
  const { crypto } = context.platform
  /** Calls whose key is still being computed. If their subject is removed in that time, they are rejected. */
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
