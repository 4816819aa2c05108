import { describe, expect, it } from 'vitest'
import type { TokenManagerError } from '../../src/index.ts'
import type { DevicePrompt } from '../../src/node/index.ts'
import { saying } from '../support/sentences.ts'
import { allowMissingNonce, type Client, clientOf, rowsOf } from './client.ts'

interface Row {
  readonly provider: string
  /** How the answer is come by. Default: a sign-in. */
  readonly grant?: 'refresh' | 'device'
  /** The scope asked for. */
  readonly asked: string
  readonly options?: readonly 'allowMissingNonce'[]
  readonly answer: Readonly<Record<string, unknown>>
  readonly idToken?: Readonly<Record<string, unknown>>
  readonly device?: Readonly<Record<string, unknown>>
  readonly formUnlessJson?: boolean
  readonly refusedParameter?: string
  /** The client's own `fetch`, one of those in docs/providers/README.md. */
  readonly ownFetch?: keyof typeof ownFetches
  readonly expected?: {
    readonly scope: string
    /** Seconds; `null`: nobody knows. */
    readonly expiresIn: number | null
    readonly refreshable: boolean
    readonly degraded?: string
    readonly verificationUri?: string
  }
  readonly refused?: { readonly reason: string; readonly names: string }
}

type OwnFetch = NonNullable<Parameters<typeof clientOf>[2]>

const ownFetches = {
  withoutCodeVerifier: (fetch) => (input, init) => {
    const body = new URLSearchParams(String(init?.body))
    if (!body.has('code_verifier')) return fetch(input, init)

    body.delete('code_verifier')
    return fetch(input, { ...init, body: String(body) })
  },
  bearerForBearerToken: (fetch) => async (input, init) => {
    const response = await fetch(input, init)
    if (!String(input).endsWith('/token') || !response.ok) return response

    const answer = await response.json()
    return Response.json({ ...answer, token_type: 'Bearer' })
  },
} satisfies Record<string, OwnFetch>

const issuer = 'https://as.example'
const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  device_authorization_endpoint: `${issuer}/device`,
}
const first = { access_token: 'at1', token_type: 'Bearer', expires_in: 3_600, refresh_token: 'rt1' }

function client({ grant, asked, options = [], answer, ownFetch, ...provider }: Row): Client {
  const answers = grant === 'refresh' ? [{ ...first, scope: asked }, answer] : [answer]
  const lenient = { [allowMissingNonce]: options.includes('allowMissingNonce') }
  const own = ownFetch && ownFetches[ownFetch]
  return clientOf({ answers, ...provider }, { issuer, metadata, scope: asked, ...lenient }, own)
}

async function obtain({ grant }: Row, { manager, clock, prompts }: Client): Promise<unknown> {
  if (grant === 'device') {
    // The program waits for its next question as soon as it has shown what to do.
    const prompt = (shown: DevicePrompt) => {
      prompts.push(shown)
      setImmediate(() => void clock.advance(5_000))
    }
    return manager.signInWithDevice({ prompt })
  }
  await manager.signIn()
  return grant === 'refresh' ? manager.refresh() : undefined
}

const rows = rowsOf<Row>('token-answers.json')

describe('an answer of', () => {
  it.each(rows.filter(({ refused }) => refused))('$provider: $right', async (row) => {
    const { reason, names } = row.refused ?? {}
    const error: TokenManagerError = await obtain(row, client(row)).then(
      () => expect.unreachable(),
      (thrown) => thrown,
    )
    expect(error.reason).toBe(reason)
    expect(error.message).toEqual(saying(`${names}`))
  })

  it.each(rows.filter(({ expected }) => expected))('$provider: $right', async (row) => {
    const { scope, expiresIn, degraded, verificationUri } = row.expected ?? {}
    const it = client(row)
    await obtain(row, it)
    const token = await it.manager.getAccessToken()
    expect(token).toMatchObject({ value: row.answer.access_token, type: 'Bearer' })
    expect(token.scope ?? '').toBe(scope)
    expect(it.degraded).toEqual(degraded ? [degraded] : [])
    const lifetime = token.expiresAt === undefined ? null : (token.expiresAt - it.clock.now()) / 1_000
    expect(lifetime).toBe(expiresIn)
    if (verificationUri) expect(it.prompts[0]).toMatchObject({ verificationUri })
  })

  it.each(rows.filter(({ expected }) => expected))(
    '$provider: can be refreshed only if it brought what that takes',
    async (row) => {
      const it = client(row)
      await obtain(row, it)
      const refreshed = it.manager.refresh()
      if (row.expected?.refreshable) return expect(await refreshed).toMatchObject({ value: row.answer.access_token })
      await expect(refreshed).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
    },
  )
})
