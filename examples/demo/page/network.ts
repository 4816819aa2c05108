import type { Destination } from './feed.ts'

/** One request that is over; `status` 0: no answer. */
export interface Observed {
  readonly to: Destination
  /** Epoch milliseconds. */
  readonly endedAt: number
  /** Milliseconds. */
  readonly took: number
  readonly status: number
  /** It was answered with a nonce to sign (RFC 9449 §8, §9), and is sent again. */
  readonly asksForNonce: boolean
}

/** The `fetch` the token manager is given. */
export interface Network {
  readonly fetch: typeof globalThis.fetch
  /** While true, every request fails as it does without a network. */
  offline: boolean
}

/** A network that reports each request to `observe`, by what it was for and nothing else. */
export function createNetwork(api: string, observe: (request: Observed) => void): Network {
  const network: Network = {
    offline: false,
    async fetch(input, init) {
      const url = new URL(input instanceof Request ? input.url : input)
      const startedAt = Date.now()
      let status = 0
      let asksForNonce = false
      try {
        if (network.offline) throw new TypeError('Failed to fetch')
        const response = await fetch(input, init)
        status = response.status
        if (status === 400 || status === 401) {
          const error = response.headers.get('www-authenticate') ?? (await response.clone().text())
          asksForNonce = error.includes('use_dpop_nonce')
        }
        return response
      } finally {
        const endedAt = Date.now()
        observe({ to: destination(url, api, init?.body), endedAt, took: endedAt - startedAt, status, asksForNonce })
      }
    },
  }
  return network
}

function destination({ origin, pathname }: URL, api: string, body: unknown): Destination {
  if (origin === api) return 'API'
  if (pathname.startsWith('/.well-known/')) return 'metadata'
  if (pathname.endsWith('/revocation')) return 'revocation'
  if (pathname.endsWith('/request')) return 'request object'
  return /(^|&)grant_type=refresh_token/.test(String(body)) ? 'refresh' : 'code exchange'
}
