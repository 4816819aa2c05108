import { TokenManagerError } from '../../errors.ts'
import type { SessionState } from '../../session/state.ts'
import type { SessionAnswer } from '../page-answers.ts'

/** A header field that only the page's own script can send. Another site cannot. */
export const FIELD = 'x-tokenward'

/** The backend, as the page sees it. */
export interface Backend {
  /** Scheme, host and port of the backend. */
  readonly origin: string
  /** Sends a request with the header field `x-tokenward`. */
  send(input: RequestInfo | URL, init?: RequestInit): Promise<Response>
  /**
   * Sends a request to one of the backend's own paths.
   * @throws TokenManagerError the backend's refusal, or `ERR_TEMPORARILY_UNAVAILABLE` if the backend did not answer
   */
  ask(path: string, init?: RequestInit): Promise<Response>
  /**
   * Reads the JSON at one of the backend's own paths.
   * @throws TokenManagerError as `ask()`, and if the answer is not from the backend but from a gateway, a service worker or the page's server
   */
  read<Answer>(path: string, init?: RequestInit): Promise<Answer>
}

/** The beginning of the backend's answers at `session`, `logout` and `token`. */
const OWN = /^\{"(status":"signed|local"|value")/

/** The backend whose own paths are below `base`. */
export function backendAt(base: string): Backend {
  const { origin } = new URL(base, location.href)
  const backend: Backend = {
    origin,
    send(input, init) {
      const request = new Request(input, init)
      request.headers.set(FIELD, '1')
      return fetch(origin === location.origin ? request : new Request(request, { credentials: 'include' }))
    },
    async ask(path, init) {
      const response = await backend.send(base + path, init).catch((cause) => {
        throw new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'network_unavailable', '', { cause })
      })
      if (response.ok) return response

      throw (await refusalOf(response)) ?? new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable')
    },
    async read(path, init) {
      const response = await backend.ask(path, init)
      const text = await response.text()
      if (OWN.test(text)) return JSON.parse(text)

      const what = `Something else answers at ${base}${path}: a service worker, a gateway or the server of the page`
      throw new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable', what)
    },
  }
  return backend
}

/** The backend's refusal as an error, if `response` is one that concerns the session. `undefined` if the API itself has answered. */
export async function refusalOf(response: Response): Promise<TokenManagerError | undefined> {
  if (!/^ERR_/.test(response.headers.get(FIELD) ?? '')) return

  const { status } = response
  const { code, reason, message, ...details } = await response.json()
  return Object.assign(new TokenManagerError(code, reason, '', { ...details, status }), { message })
}

/** The state that the backend's answer describes. */
export function stateOf({ status, reason, session, health = 'ok', cause, retryAt }: SessionAnswer): SessionState {
  if (status === 'signedOut' || !session) return { status: 'signedOut', reason: (reason ?? 'none') as 'none' }

  return {
    status: 'signedIn',
    session,
    health,
    cause: cause && Object.assign(new TokenManagerError(cause.code, cause.reason), { message: cause.message }),
    retryAt,
  }
}
