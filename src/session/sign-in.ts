import { TokenManagerError } from '../errors.ts'
import type { EpochMs, UserAgent } from '../ports.ts'
import {
  type AuthorizationRequestOptions,
  authorizationCodeGrant,
  authorizationRequest,
  authorizationResponse,
} from '../protocol/authorization-code.ts'
import { checkIdToken } from '../protocol/id-token.ts'
import { revokeToken } from '../protocol/revocation.ts'
import type { TokenResponse } from '../protocol/token-set.ts'
import { storedAccessToken } from './commit.ts'
import type { Outbox } from './outbox.ts'
import { randomId, revocable, type SessionRecord, targetKey, tombstone, withPending } from './record.ts'
import { type Session, storeFailed } from './session.ts'
import { tellOthers } from './sync.ts'
import { keepTransaction, takeTransaction } from './transaction.ts'

/** One sign-in, in the session's own terms. */
export interface SignInRequest extends Omit<AuthorizationRequestOptions, 'statePrefix'> {
  readonly returnTo?: string
  readonly userAgent: UserAgent
  /** Everything that has to be over before the sign-in begins. */
  readonly ready: () => Promise<unknown>
}

/** Begins sessions. */
export interface SignIn {
  /** Sends the person to the authorization server; resolves only with a user agent that does not leave the page. */
  signIn(request: SignInRequest): Promise<void>
  /** Completes the sign-in that `url` answers. The same URL again at once joins; later, it is used. */
  complete(url: string): Promise<void>
  /** Begins a session with tokens obtained elsewhere. */
  adopt(tokens: AdoptedTokens): Promise<void>
}

/** Tokens obtained elsewhere, as the application has them. */
export interface AdoptedTokens {
  readonly accessToken: string
  readonly expiresAt?: EpochMs
  readonly refreshToken?: string
  readonly idToken?: string
  readonly scope: string
}

/** How sign-ins of one session are made. */
export interface SignInSettings {
  /** What begins the `state` of its sign-ins, so that a page knows its own answers. */
  readonly statePrefix: string
  /** Whether a living session's refresh token is revoked when a sign-in replaces it. */
  readonly revokeReplaced: boolean
}

/** Signs people in to `session`. */
export function signIn(session: Session, outbox: Outbox, { statePrefix, revokeReplaced }: SignInSettings): SignIn {
  const { server } = session
  const { clock, crypto } = session.platform
  const completing = new Map<string, Promise<void>>()

  return {
    async signIn({ userAgent, returnTo, ready, ...request }) {
      const undo = userAgent.prepare?.()
      try {
        await ready()
        const prefix = statePrefix + (userAgent.stateMarker ?? '')
        const { url, pending } = await authorizationRequest(server, { ...request, statePrefix: prefix })
        const subject = request.prompt === 'none' ? session.live?.claims?.sub : undefined
        await keepTransaction(session, {
          ...pending,
          ...(returnTo !== undefined && { returnTo }),
          ...(subject !== undefined && { onlySubject: subject }),
        })
        await complete(await userAgent.authorize(url, request.redirectUri))
      } finally {
        undo?.()
      }
    },
    complete,
    async adopt({ accessToken, idToken, scope, ...rest }) {
      const checked = await checkIdToken(server, idToken, accessToken, {})
      if (checked instanceof TokenManagerError) throw checked
      await begin({ accessToken, tokenType: 'Bearer', obtainedAt: clock.now(), ...rest, ...checked }, scope)
    },
  }

  function complete(url: string): Promise<void> {
    const state = new URLSearchParams(url.replace(/^[^?]*\??/, '').replace(/#.*$/, '')).get('state') ?? ''
    const running = completing.get(state)
    if (running) return running
    const promise = completeOnce(url, state).finally(() => completing.delete(state))
    completing.set(state, promise)
    return promise
  }

  async function completeOnce(url: string, state: string): Promise<void> {
    const transaction = await takeTransaction(session, state)
    const params = await authorizationResponse(server, url, transaction)
    const answer = await authorizationCodeGrant(server, params, transaction)
    if (answer.kind === 'tokens') return begin(answer.response, transaction.scope, transaction)
    if (answer.kind === 'invalid' && answer.refreshToken !== undefined)
      void revokeToken(server, { kind: 'refresh_token', token: answer.refreshToken })
    throw answer.kind === 'unsent' ? storeFailed(undefined) : answer.error
  }

  async function begin(
    response: TokenResponse,
    scope: string,
    { returnTo, onlySubject }: { readonly returnTo?: string; readonly onlySubject?: string } = {},
  ): Promise<void> {
    const record = recordOf(response, scope)
    const other = onlySubject !== undefined && onlySubject !== response.claims?.sub
    const at = clock.now()
    const change = (now: SessionRecord | undefined): SessionRecord => {
      const replaced = now && revokeReplaced ? revocable(now, at) : []
      const mine = revocable(record, at)
      if (other) return tombstone(now ?? record, { at, reason: 'user_changed' }, [...mine, ...replaced])
      const kept = new Set(mine.map(({ token }) => token))
      const outbox = withPending(now?.outbox ?? [], replaced, at).filter(({ token }) => !kept.has(token))
      return { ...record, outbox }
    }
    let order = session.held.order
    let written: SessionRecord | undefined
    try {
      const result = await session.update(change)
      order = result.order
      written = result.record
    } catch (cause) {
      const error = storeFailed(cause)
      if (error.reason === 'incompatible_version' || other) throw error
      session.emit('store_failed', { during: 'sign_in' })
    }
    if (other) {
      if (written) session.apply({ type: 'read', record: written, order })
      tellOthers(session)
      outbox.nudge()
      throw userChanged()
    }
    session.apply({ type: 'signed_in', record: written ?? record, order, ...(returnTo !== undefined && { returnTo }) })
    if (!written) void saveLater()
    tellOthers(session)
    session.emit('signed_in', record.claims ? { subject: record.claims.sub } : {})
  }

  /** The store refused the new session, which lives in memory alone. */
  async function saveLater() {
    const grantId = session.live?.grantId
    for (let delay = 250; !session.closed && session.live?.grantId === grantId; delay = Math.min(2 * delay, 60_000)) {
      await session.wait(delay)
      const saved = await session.save(true).then(
        () => true,
        () => false,
      )
      if (saved) return
    }
  }

  function recordOf(response: TokenResponse, scope: string): SessionRecord {
    const { refreshToken, idToken, claims, obtainedAt } = response
    const granted = response.scope ?? scope
    return {
      ...{ version: 1, issuer: server.issuer, clientId: server.clientId, grantId: randomId(crypto), generation: 1 },
      ...(refreshToken !== undefined && { refreshToken }),
      ...(idToken !== undefined && { idToken }),
      ...(claims && { claims }),
      ...{ accessTokens: { [targetKey({})]: storedAccessToken(response, granted) }, scope: granted, outbox: [] },
      ...{ signedInAt: clock.now(), obtainedAt, usedAt: clock.now() },
    }
  }
}

function userChanged(): TokenManagerError {
  const message = 'Another person came back from the sign-in than the one who is signed in. Both were signed out.'
  return new TokenManagerError('ERR_AUTHORIZATION_REJECTED', 'user_changed', message)
}
