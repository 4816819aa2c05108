import { TokenManagerError } from '../../errors.ts'
import type { SessionState } from '../../session/state.ts'
import type { SessionAnswer } from '../page-answers.ts'

/** The field that no other site can send. */
export const FIELD = 'x-tokenward'

/** What the page asks its backend for. */
export interface Backend {
  /** Where it is, without a path. */
  readonly origin: string
  /** Sends a request of the page's own, with the field. */
  send(input: RequestInfo | URL, init?: RequestInit): Promise<Response>
  /**
   * Asks for one of the backend's own paths.
   * @throws TokenManagerError what the backend says, or `ERR_TEMPORARILY_UNAVAILABLE` if it says nothing
   */
  ask(path: string, init?: RequestInit): Promise<Response>
  /**
   * What the backend says at one of its own paths. A gateway, a service worker or the server of the page can answer in its place.
   * @throws TokenManagerError as `ask()`, and where something else answered
   */
  read<Answer>(path: string, init?: RequestInit): Promise<Answer>
}

/** How the answers to `session`, `logout` and `token` begin. */
const OWN = /^\{"(status":"signed|local"|value")/

/** The backend whose own paths begin with `base`. */
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

/** What the backend says in place of an API, if it is something of the session; `undefined` for an answer of the API's own. */
export async function refusalOf(response: Response): Promise<TokenManagerError | undefined> {
  if (!/^ERR_/.test(response.headers.get(FIELD) ?? '')) return
  const { status } = response
  const { code, reason, message, ...details } = await response.json()
  return Object.assign(new TokenManagerError(code, reason, '', { ...details, status }), { message })
}

/** The session as the backend tells of it. */
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
