import { invalidOption, TokenManagerError } from '../errors.ts'
import type { EpochMs, UserAgent } from '../ports.ts'
import { type StoredAccessToken, accessToken as toAccessToken } from '../protocol/access-token.ts'
import {
  type AuthorizationRequestOptions,
  authorizationCodeGrant,
  authorizationRequest,
  authorizationResponse,
  throwErrorIn,
} from '../protocol/authorization-code.ts'
import type { DpopKey } from '../protocol/dpop.ts'
import { rejected } from '../protocol/failure.ts'
import { checkIdToken } from '../protocol/id-token.ts'
import { firstValue, queryParameters } from '../protocol/parameters.ts'
import { revokeToken } from '../protocol/revocation.ts'
import type { TokenResponse } from '../protocol/token-set.ts'
import { begun } from './begun.ts'
import { storedAccessToken } from './commit.ts'
import { isKeyLost } from './lost-key.ts'
import { storeFailed } from './outcome.ts'
import { randomId, type SessionRecord } from './record.ts'
import { broughtBy, lacking, speaksOfOne, tokenScope } from './scope.ts'
import type { Session } from './session.ts'
import type { PresentSession, Step } from './step-up.ts'
import { tellOthers } from './sync.ts'
import { targetKey } from './target-key.ts'
import { checkAge, keepTransaction, noteInVain, type Transaction, takeTransaction } from './transaction.ts'

/** One sign-in, in the session's own terms. */
export interface SignInRequest extends Omit<AuthorizationRequestOptions, 'statePrefix' | 'resource'> {
  readonly returnTo?: string | undefined
  /** Makes the step-up for what an API asked for (RFC 9470). The sign-in then counts only if it brings that for the same person. */
  readonly stepUp?: ((live: PresentSession | undefined, now: EpochMs) => Step | 'there') | undefined
  readonly userAgent: UserAgent
  /** Resolves when the sign-in may begin. */
  readonly ready: () => Promise<unknown>
}

/** Begins sessions. */
export interface SignIn {
  /** Sends the person to the authorization server. With a user agent that leaves the page it never resolves. */
  signIn(request: SignInRequest): Promise<void>
  /**
   * Completes the sign-in that `url` answers. A second call with the same URL shares the result while the first one runs. After that it is
   * refused, because each answer works once.
   * @param awaited whether this context waits for an answer. Then an answer that fits no sign-in counts as a failed sign-in
   */
  complete(url: string, awaited?: boolean): Promise<void>
  /** The `returnTo` of the sign-in that failed with `error`. */
  returnTo(error: object): string | undefined
  /** Begins a session with tokens from elsewhere. */
  adopt(tokens: AdoptedTokens): Promise<void>
  /**
   * Revokes the refresh token of a failed sign-in. While somebody is signed in, it does so only with `revokeReplaced`: it may be the same
   * person, and the server might end the present session too (RFC 7009 §2.1). Never rejects.
   */
  discard(refreshToken: string | undefined): Promise<void>
}

/** Tokens from elsewhere, as the application gives them. */
export interface AdoptedTokens {
  readonly accessToken: string
  readonly tokenType?: 'Bearer' | 'DPoP'
  readonly dpopKey?: DpopKey
  readonly expiresAt?: EpochMs
  readonly refreshToken?: string
  readonly idToken?: string
  readonly scope: string
  /** The scope that a refresh may ask for. The server decides whether it grants it. */
  readonly requestedScope: string
}

/**
 * Makes what signs people in to `session`.
 * @param prefix the beginning of the `state` of its sign-ins, by which a page recognises its own answers
 */
export function signIn(session: Session, prefix: string): SignIn {
  const { server } = session
  const { revokeReplaced } = session.options
  const { clock, crypto } = session.platform
  const completing = new Map<string, Promise<void>>()
  const failed = new WeakMap<object, string | undefined>()

  return {
    async signIn({ userAgent, returnTo, ready, stepUp, ...request }) {
      const undo = userAgent.prepare?.()
      try {
        await ready()

        const { live } = session
        const step = stepUp?.(live, clock.now())
        if (step === 'there') return

        const redirectUri = (await userAgent.redirectUri?.(request.redirectUri)) ?? request.redirectUri
        const asked = { ...(step?.request(request) ?? request), redirectUri }

        const { signInTarget } = session.options
        const named = { resource: signInTarget.resource, tokenScope: tokenScope(signInTarget, asked.scope) }
        const onlySubject = step || request.prompt === 'none' ? live?.claims?.sub : undefined
        const statePrefix = prefix + (userAgent.stateMarker ?? '')

        for (let tries = 2; ; ) {
          const { url, pending, expiresAt } = await authorizationRequest(server, { ...asked, ...named, statePrefix })
          await keepTransaction(session, { ...pending, returnTo, onlySubject, ...step?.transaction }, step?.refusal)
          // If the machine slept here, the server may have forgotten the pushed request. Then the request is made once more.
          if (--tries && expiresAt <= clock.now()) continue

          const answer = await userAgent.authorize(url, redirectUri, pending.state)
          return await complete(answer, true).catch(async (error) => {
            // If this page slept, the window that it had opened may have completed the sign-in itself.
            const used = error.reason === 'state_mismatch' && (await session.read().catch(() => undefined))
            const isNew = used && !used.signedOut && used.grantId !== live?.grantId
            if (!isNew) throw error
          })
        }
      } finally {
        undo?.()
      }
    },
    complete,
    discard,
    returnTo: (error) => failed.get(error),
    async adopt({ accessToken, idToken, scope, requestedScope, tokenType = 'Bearer', dpopKey, ...rest }) {
      // Throws if no header can carry the token.
      toAccessToken({ value: accessToken } as StoredAccessToken)

      const checked = await checkIdToken(server, idToken, accessToken, {})
      if (checked instanceof TokenManagerError) throw checked

      if (isKeyLost({ dpopKey, accessTokens: { adopted: { type: tokenType } } }, server.dpop))
        throw invalidOption('dpopKey', 'given with bound tokens, and option dpop too', 'dpop_not_bound')

      await begin({ accessToken, tokenType, obtainedAt: clock.now(), ...rest, ...checked }, scope, {
        dpopKey,
        scope: requestedScope,
      })
    },
  }

  function complete(url: string, awaited = false): Promise<void> {
    const state = firstValue(queryParameters(server.text, url), 'state') ?? ''
    const running = completing.get(state)
    if (running !== undefined) return running

    const promise = completeOnce(url, state, awaited).finally(() => completing.delete(state))
    completing.set(state, promise)
    return promise
  }

  async function completeOnce(url: string, state: string, awaited: boolean): Promise<void> {
    let transaction: Transaction | undefined
    try {
      if (!state) throwErrorIn(url)
      transaction = await takeTransaction(session, state, /[?&]error=access_denied/.test(url))
      checkAge(transaction, clock.now())
      await redeem(url, transaction)
    } catch (error) {
      if (transaction) failed.set(error as TokenManagerError, transaction.returnTo)
      if (transaction || awaited) await noteInVain(session, error as TokenManagerError, transaction).catch(() => {})
      throw error
    }
  }

  async function redeem(url: string, transaction: Transaction): Promise<void> {
    const code = await authorizationResponse(server, url, transaction)
    const answer = await authorizationCodeGrant(server, code, transaction)
    if (answer.kind === 'tokens') {
      const { scope = '', refreshToken } = answer.response
      // If the answer names only the scope of one API, it does not show whether the step-up's scope was granted.
      const isPartial = speaksOfOne(session.options.signInTarget, scope, transaction.scope)
      const missing = isPartial ? undefined : lacking(transaction.stepUpScope, scope)
      if (!missing) return begin(answer.response, transaction.scope, transaction)

      void discard(refreshToken)
      throw rejected('insufficient_scope', undefined, { scope: missing })
    }

    const { error, refreshToken } = answer as Extract<typeof answer, { kind: 'invalid' }>
    void discard(refreshToken)
    throw error
  }

  async function discard(token: string | undefined): Promise<void> {
    if (!token) return

    const now = await session.read().catch(() => session.live)
    const isLiving = now && !now.signedOut
    const mayRevoke = revokeReplaced && now?.refreshToken !== token
    if (isLiving && !mayRevoke) return

    await revokeToken(server, { kind: 'refresh_token', token })
  }

  async function begin(
    response: TokenResponse,
    scope: string,
    { returnTo, onlySubject, dpopKey, scope: asked = scope }: Partial<Transaction> = {},
  ): Promise<void> {
    const record = recordOf(response, scope, asked, dpopKey)
    const at = clock.now()
    // If the storage was cleared, the record in memory counts: the session that this sign-in replaces, or the tombstone of the last one.
    const { record: known } = session.held
    const change = (now = known) => begun(now, record, onlySubject, at, revokeReplaced)

    let { outcome } = change()
    try {
      const decided = await session.update(change, { returnTo })
      outcome = decided.outcome
    } catch (cause) {
      const error = storeFailed(cause)
      const { refreshToken: token } = record
      const isOther = outcome === 'user_changed'
      if (isOther && token) void revokeToken(server, { kind: 'refresh_token', token })
      if (isOther || error.reason === 'incompatible_version') throw error

      // Until the store works again, the new session is only in memory.
      session.apply({ type: 'read', record, order: session.held.order, own: true, unsaved: change, returnTo })
      void session.retry(session.save, 'sign_in')
    }

    tellOthers(session)
    if (outcome === 'user_changed') throw rejected('user_changed')

    session.emit('signed_in', { subject: record.claims?.sub })
    if (server.dpop && response.tokenType === 'Bearer')
      session.emit('dpop_not_bound', { reason: dpopKey ? 'dpop_not_bound' : 'dpop_unsupported' })
  }

  function recordOf(
    response: TokenResponse,
    scope: string,
    asked: string,
    dpopKey: DpopKey | undefined,
  ): SessionRecord {
    const { refreshToken, idToken, claims, obtainedAt } = response
    const now = clock.now()
    const brought = broughtBy(session.options.signInTarget, response.scope ?? scope, asked)
    const token = storedAccessToken(response, brought.scope, brought.target.resource)

    return {
      version: 1,
      issuer: server.issuer,
      clientId: server.clientId,
      grantId: randomId(crypto),
      generation: 1,
      refreshToken,
      idToken,
      claims,
      scope: brought.scope,
      requestedScope: asked,
      obtainedAt,
      signedInAt: now,
      usedAt: now,
      dpopKey: dpopKey && { ...dpopKey, clockOffset: server.dpop?.clockOffset },
      accessTokens: { [targetKey(brought.target)]: { ...token, generation: 1 } },
      outbox: [],
    }
  }
}
