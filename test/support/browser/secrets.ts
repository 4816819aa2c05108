import type { AuthorizationServer } from '../../../examples/demo/authorization-server.ts'
import type { ProtocolEvent } from './chromium.ts'

/** Every secret that came up, and everything that was said where none may be. */
export interface Secrets {
  /** Notes what a page did, from the protocol's events. */
  note(event: ProtocolEvent): void
  /** Looks at everything `text` says. */
  hear(place: string, text: string): void
  /** How much was heard, and how many secrets it is searched for. */
  readonly size: { readonly heard: number; readonly secrets: number }
  /** Where a secret was heard: kind of secret and place, never the secret. */
  leaks(): string[]
}

interface Request {
  readonly url: string
  readonly postData?: string
}

/** The protocol's events of what a page's console shows. */
const ofConsole = ['Runtime.consoleAPICalled', 'Runtime.exceptionThrown', 'Log.entryAdded']

/** Codes, states, nonces and verifiers as the browser saw them go by, and the tokens that `servers` issued. */
export function secrets(servers: () => readonly AuthorizationServer[], redirectUri: () => string): Secrets {
  const seen = new Map<string, string>()
  const heard: { readonly place: string; readonly text: string }[] = []
  const remember = (kind: string, values: URLSearchParams) => {
    const value = values.get(kind)
    if (value) seen.set(value, kind)
  }

  const request = ({ url, postData = '' }: Request) => {
    const { searchParams, origin, pathname } = new URL(url)
    const toServer = servers().some(({ issuer }) => issuer === origin)
    for (const kind of ['code', 'state', 'nonce']) remember(kind, searchParams)
    if (toServer) remember('code_verifier', new URLSearchParams(postData))
    // The protocol itself puts state and nonce into the authorization request, and state and code into its answer.
    const ofProtocol = (toServer && pathname.startsWith('/auth')) || url.startsWith(`${redirectUri()}?`)
    if (!ofProtocol) own.hear(`URL ${origin}${pathname}`, url)
  }

  const own: Secrets = {
    hear: (place, text) => void heard.push({ place, text }),
    note({ method, params }) {
      if (method === 'Network.requestWillBeSent') request(params.request as Request)
      else if (method === 'Network.requestWillBeSentExtraInfo') {
        const { Referer, referer = Referer } = params.headers as Record<string, string>
        if (referer !== undefined) own.hear('Referer', referer)
      } else if (ofConsole.includes(method)) own.hear(`console (${method})`, JSON.stringify(params))
      else if (method === 'Runtime.bindingCalled') own.hear('page', String(params.payload))
    },
    get size() {
      return { heard: heard.length, secrets: all().size }
    },
    leaks() {
      const found = heard.flatMap(({ place, text }) =>
        [...all()]
          .filter(([secret]) => text.includes(secret))
          .map(([, kind]) => `${kind} in ${place} ${text.slice(0, 24)}`),
      )
      return [...new Set(found)]
    },
  }
  return own

  function all() {
    return new Map([
      ...seen,
      ...servers().flatMap((server) => [...server.issuedTokens].map((one) => [one, 'token'] as const)),
    ])
  }
}
