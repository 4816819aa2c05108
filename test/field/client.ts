import { readFileSync } from 'node:fs'
import { webCrypto } from '../../src/in-process/web-crypto.ts'
import type { TokenManagerEvent } from '../../src/index.ts'
import {
  allowMissingNonce,
  createTokenManager,
  type DevicePrompt,
  type NodeTokenManager,
  type NodeTokenManagerOptions,
} from '../../src/node/index.ts'
import { jsonResponse, unsignedIdToken } from '../../src/testing/index.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { scriptedUserAgent } from '../support/scripted-user-agent.ts'

/** The rows of a fixture. */
export function rowsOf<Row>(name: string): readonly Row[] {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))
}

/** A provider, as its fixture has it. */
export interface Provider {
  /** Where its metadata lies, and what that is. */
  readonly documents?: Readonly<Record<string, unknown>>
  /** What follows `code` and `state` where the person comes back. */
  readonly callback?: Readonly<Record<string, string>>
  /** Answers of its token endpoint, in order; the last one again and again. */
  readonly answers: readonly Readonly<Record<string, unknown>>[]
  /** What the ID tokens say beside what every one has; `undefined`: there are none. `nonce: null` leaves that out. */
  readonly idToken?: Readonly<Record<string, unknown>> | undefined
  /** Its answer to a device authorization request. */
  readonly device?: Readonly<Record<string, unknown>> | undefined
  /** Answers as a form to whoever does not ask for JSON (GitHub). */
  readonly formUnlessJson?: boolean | undefined
  /** A parameter of the token request that it takes for a wrong client (LinkedIn). */
  readonly refusedParameter?: string | undefined
}

type Fetch = NonNullable<NodeTokenManagerOptions['fetch']>

/** A client of a provider, and what it sent and told. */
export interface Client {
  readonly manager: NodeTokenManager
  readonly clock: ManualClock
  /** Every URL it sent a request to. */
  readonly urls: readonly string[]
  readonly degraded: readonly string[]
  readonly prompts: DevicePrompt[]
}

const REDIRECT_URI = 'https://app.example/cb'
const LEAVE = 'https://app.example/bye'

/**
 * A client with `options` of a provider that answers as its fixture says, through `fetch`.
 * @param own makes the client's own `fetch` of that one
 */
export function clientOf(
  provider: Provider,
  options: Partial<NodeTokenManagerOptions> & { issuer: string },
  own: (fetch: Fetch) => Fetch = (fetch) => fetch,
): Client {
  const clock = manualClock()
  const urls: string[] = []
  const degraded: string[] = []
  const prompts: DevicePrompt[] = []
  const answers = [...provider.answers]
  let nonce: string | null = null

  const userAgent = scriptedUserAgent((url) => {
    const { searchParams } = new URL(url)
    nonce = searchParams.get('nonce')
    const back = new URLSearchParams({ code: 'c', state: searchParams.get('state') ?? '', ...provider.callback })
    return `${REDIRECT_URI}?${back}`
  })
  const fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const url = String(input)
    urls.push(url)
    if (init.method === 'GET')
      return jsonResponse(provider.documents?.[url] ?? {}, provider.documents?.[url] ? 200 : 404)
    if (provider.device && url.includes('device')) return jsonResponse(provider.device)

    if (provider.refusedParameter && new URLSearchParams(String(init.body)).has(provider.refusedParameter))
      return jsonResponse({ error: 'invalid_client' }, 401)

    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? {}
    const accept = new Headers(init.headers).get('accept')
    if (provider.formUnlessJson && accept !== 'application/json')
      return new Response(new URLSearchParams(answer as Record<string, string>))
    return jsonResponse({ ...answer, ...(provider.idToken && { id_token: idToken() }) })
  }
  const manager = createTokenManager({
    clientId: 'spa',
    redirectUri: REDIRECT_URI,
    postLogoutRedirectUri: LEAVE,
    ...options,
    ...{ fetch: own(fetch), clock, crypto: webCrypto, userAgent },
  })
  manager.on('degraded', ({ step }: TokenManagerEvent<'degraded'>) => degraded.push(step))
  return { manager, clock, urls, degraded, prompts }

  function idToken(): string {
    const now = Math.floor(clock.now() / 1_000)
    const { nonce: without, ...more } = provider.idToken ?? {}
    const base = { iss: options.issuer, sub: 'p', aud: 'spa', iat: now, exp: now + 3_600 }
    const bound = without === null || nonce === null ? {} : { nonce }
    return unsignedIdToken({ ...base, ...bound, ...more })
  }
}

export { allowMissingNonce }
