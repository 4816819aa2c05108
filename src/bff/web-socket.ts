import { createHash } from 'node:crypto'
import { TokenManagerError } from '../errors.ts'
import { routeFor } from './api-route.ts'
import type { BffSettings } from './bff-settings.ts'
import { checkSocketRequest } from './cross-site.ts'
import { bindConnection } from './open-connections.ts'
import { Refused } from './refusal.ts'
import { accountOf } from './session-cookie.ts'

/** A fixed text. The answer to a handshake is a hash of the handshake's key and this text (RFC 6455 §1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A WebSocket that the page may open at an API. */
export interface AllowedSocket {
  /** The URL at the API, with `http` or `https`. */
  readonly url: string
  /** How long the API may take to answer the handshake, in milliseconds. */
  readonly timeout: number
  /** The value of `Sec-WebSocket-Accept` in a right answer. */
  readonly accept: string
  /** Makes the header fields of one handshake, with the access token. `again`: the API has refused the token, so a new one is needed. */
  fields(again: boolean): Promise<Readonly<Record<string, string>>>
  /** Calls `close` when the session ends. Returns a function to call when the connection is closed. */
  bind(close: () => void): () => void
}

/**
 * Decides whether the page may open a WebSocket (RFC 6455 §4.2.1). A browser opens WebSockets for pages of any site and sends cookies with the
 * handshake, but no header fields of the page's choice. So the check relies on `Origin`, which has to be there.
 * @throws Refused 400, 403, 404; TokenManagerError if nobody is signed in
 */
export async function allowedSocket(
  request: Request,
  name: string | undefined,
  settings: BffSettings,
): Promise<AllowedSocket> {
  const { pathname, search } = new URL(request.url)
  const route = routeFor(settings.routes, pathname)
  if (!route?.webSockets) throw new Refused(404, 'invalid_request', `No WebSocket is opened at ${pathname}`)
  checkSocketRequest(request, settings)

  const key = keyOf(request)
  if (key === undefined) throw new Refused(400, 'invalid_request', 'That is no handshake of a WebSocket of version 13')

  const url = route.urlFor(pathname, search)
  const account = name === undefined ? undefined : accountOf(name)
  const { sessions } = settings
  const isLiving = account !== undefined && (await sessions.check(account)).state.status === 'signedIn'
  if (!isLiving) throw new TokenManagerError('ERR_SIGNED_OUT', 'none', 'Nobody is signed in')

  const tokens = sessions.get(account)
  const offered = offeredFields(request, settings)

  return {
    url,
    timeout: route.timeout,
    accept: createHash('sha1')
      .update(key + GUID)
      .digest('base64'),
    async fields(again) {
      if (again) await tokens.refresh({ reason: 'token_rejected' })
      const own = await tokens.headersFor(url, 'GET')
      return { ...offered, ...Object.fromEntries(own), 'sec-websocket-key': key }
    },
    bind(close) {
      return bindConnection(account, settings, {
        changed({ state }) {
          if (state.status === 'signedOut') close()
        },
      })
    },
  }
}

/** The key in a handshake. `undefined` if the request is no valid handshake. */
function keyOf({ headers }: Request): string | undefined {
  const key = headers.get('sec-websocket-key') ?? ''
  const isUpgrade = headers.get('upgrade')?.toLowerCase() === 'websocket'
  const isKnown = isUpgrade && headers.get('sec-websocket-version') === '13'
  return isKnown && /^[A-Za-z\d+/]{22}==$/.test(key) ? key : undefined
}

function offeredFields(request: Request, { forwarded }: BffSettings): Record<string, string> {
  const fields: Record<string, string> = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  for (const name of ['sec-websocket-protocol', 'sec-websocket-extensions', 'user-agent', 'accept-language']) {
    const value = request.headers.get(name)
    if (value !== null) fields[name] = value
  }

  const via = forwarded(request)
  if (via !== undefined) fields.forwarded = via
  return fields
}
