import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context, Provider } from 'oidc-provider'

/** One request to the token endpoint. Tokens appear as {@link fingerprint}s only. */
export interface TokenRequest {
  /** Epoch milliseconds. */
  readonly at: number
  /** As sent; unknown until the server has read the body. */
  grantType?: string | undefined
  /** The refresh token that was presented. */
  refreshToken?: string | undefined
  /** The refresh token that was issued. */
  issued?: string | undefined
  /** The person it was for. */
  subject?: string | undefined
  /** `pending` until answered, `ok`, or the OAuth error code. */
  outcome: string
  /** The server processed the request, but the answer never left it. */
  answerDropped: boolean
  /** The refresh token had been used before: the server has ended the grant. */
  reused: boolean
  /** Epoch milliseconds of the answer. */
  answeredAt?: number
}

/** One request to the revocation endpoint. */
export interface RevocationRequest {
  readonly at: number
  readonly status: number
  readonly token: string | undefined
  readonly tokenTypeHint: string | undefined
}

/** What one answer brought. */
export interface IssuedTokens {
  readonly accessToken: string
  readonly refreshToken: string
}

/** What the token endpoint saw, and the faults it can be told to make. */
export interface TokenEndpoint {
  readonly requests: readonly TokenRequest[]
  readonly revocations: readonly RevocationRequest[]
  /** Every token value ever issued, for tests that search for them where none may be. */
  readonly issuedTokens: ReadonlySet<string>
  /** What it issued last, for whoever wants to copy it. */
  readonly lastIssued: IssuedTokens | undefined
  setLatency(milliseconds: number, when?: 'before' | 'after'): void
  dropNextAnswer(): void
  /** Forgets the log and the faults, not the tokens issued. */
  reset(): void
}

/** A short name for a secret that says nothing about it. */
export const fingerprint = (secret: string | undefined) =>
  secret === undefined ? undefined : createHash('sha256').update(secret).digest('base64url').slice(0, 12)

/** Watches the token and the revocation endpoint of `provider`. */
export function watchTokenEndpoint(provider: Provider): TokenEndpoint {
  const requests: TokenRequest[] = []
  const revocations: RevocationRequest[] = []
  const issuedTokens = new Set<string>()
  const errors = new WeakMap<object, string>()
  let latency = { before: 0, after: 0 }
  let drops = 0
  let lastIssued: IssuedTokens | undefined

  const answer = async (ctx: Context, next: () => Promise<void>) => {
    const entry: TokenRequest = { at: Date.now(), outcome: 'pending', answerDropped: false, reused: false }
    requests.push(entry)
    if (latency.before) await sleep(latency.before)
    await next()
    const { params, account } = ctx.oidc
    const body = Object(ctx.body) as Record<string, string | undefined>
    for (const name of ['access_token', 'refresh_token', 'id_token']) if (body[name]) issuedTokens.add(body[name])
    const { access_token: accessToken, refresh_token: refreshToken } = body
    if (accessToken && refreshToken) lastIssued = { accessToken, refreshToken }
    entry.grantType = params?.grant_type
    entry.refreshToken = fingerprint(params?.refresh_token)
    entry.issued = fingerprint(body.refresh_token)
    entry.subject = account?.accountId
    entry.outcome = ctx.status === 200 ? 'ok' : (body.error ?? String(ctx.status))
    entry.reused = errors.get(ctx) === 'refresh token already used'
    if (latency.after) await sleep(latency.after)
    entry.answeredAt = Date.now()
    if (drops === 0) return
    drops -= 1
    entry.answerDropped = true
    ctx.respond = false
    ctx.req.socket.destroy()
  }

  provider.on('grant.error', (ctx, error) => void errors.set(ctx, error.error_detail ?? ''))
  provider.use(async (ctx, next) => {
    // A browser sends a request again by itself when a reused connection breaks: that would look like reuse.
    ctx.set('connection', 'close')
    if (ctx.method === 'POST' && ctx.path === '/token') return answer(ctx, next)
    await next()
    if (ctx.method !== 'POST' || ctx.path !== '/token/revocation') return
    const { token, token_type_hint: tokenTypeHint } = ctx.oidc.params ?? {}
    revocations.push({ at: Date.now(), status: ctx.status, token: fingerprint(token), tokenTypeHint })
  })
  return {
    requests,
    revocations,
    issuedTokens,
    get lastIssued() {
      return lastIssued
    },
    setLatency: (milliseconds, when = 'before') => {
      latency = { ...latency, [when]: milliseconds }
    },
    dropNextAnswer: () => {
      drops += 1
    },
    reset() {
      requests.length = revocations.length = drops = 0
      latency = { before: 0, after: 0 }
    },
  }
}
