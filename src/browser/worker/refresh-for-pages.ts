import { webText } from '../../in-process/web-text.ts'
import { checkOptions } from '../../manager/check-options.ts'
import { dpop } from '../../manager/dpop.ts'
import { metadataFrom } from '../../manager/metadata-from.ts'
import type { TokenManagerOptions } from '../../manager/options.ts'
import { sessionName, sessionOptions } from '../../manager/shared-session.ts'
import type { Platform } from '../../ports.ts'
import { type AuthorizationServer, authorizationServer } from '../../protocol/authorization-server.ts'
import { refreshOnce } from '../../session/refresh.ts'
import { createSession } from '../../session/session.ts'
import { hearOthers, tellOthers } from '../../session/sync.ts'
import type { RefreshMessage } from '../refresh-worker.ts'

/** A message whose options were checked. */
type Request = RefreshMessage & { readonly options: TokenManagerOptions }

/** After this time the page gets its answer, in milliseconds, even if the refresh still waits for the lock. */
const PROMPT = 1_000
/** The highest number of authorization servers and clients. A page with another one refreshes itself. */
const MANY = 20

/**
 * Makes the function that refreshes for the pages of the origin. It uses the record that they share, in the same way as they do.
 * @returns a function that takes a page's message. It gives true when the refresh token is about to be sent, or when nothing has to be done: the page
 *   then waits for the record. It gives false if the page has to refresh itself. It never rejects
 */
export function refreshForPages(platform: Platform): (message: unknown) => Promise<boolean> {
  const servers = new Map<string, AuthorizationServer>()
  const running = new Map<string, Promise<boolean>>()

  return async (message) => {
    try {
      const request = readMessage(message)
      const server = serverOf(request)
      if (!server) return false

      const { options, from, target } = request
      const key = JSON.stringify([options.issuer, options.clientId, options.account, from, target])
      const begun = running.get(key) ?? begin(request, server, () => running.delete(key))
      running.set(key, begun)
      return await begun
    } catch {
      return false
    }
  }

  /** The server for a request. The first page decides where the tokens of an issuer and a client are sent. No later message can change that. */
  function serverOf({ options, insecureLoopback = false, dpop: settings }: Request): AuthorizationServer | undefined {
    const { issuer, clientId, metadata } = options
    const key = JSON.stringify([issuer, clientId, metadata, insecureLoopback, settings])
    const known = servers.get(key)
    const rival = [...servers.values()].some((server) => server.issuer === issuer && server.clientId === clientId)
    const isRefused = rival || servers.size >= MANY
    if (known || isRefused) return known

    const server = authorizationServer(
      { ...options, ...sessionOptions(options), insecureLoopback },
      { text: webText, ...platform },
    )
    servers.set(key, server)
    return server
  }

  /** Begins a refresh. Its session is made for this refresh only, so that the worker keeps no token between refreshes. */
  function begin({ options, from, target }: Request, server: AuthorizationServer, done: () => void) {
    const { clock } = platform
    const session = createSession({ platform, server, options: sessionOptions(options) })
    return new Promise<boolean>((resolve) => {
      session.on('refreshing', () => resolve(true))
      void refresh()
        .catch(() => false)
        .then(resolve)
        .finally(done)

      async function refresh() {
        session.name = await sessionName(options, platform)
        const record = await session.read()
        // The page has another storage than this worker, or could not write its latest record.
        const isBehind = record?.grantId === from.grantId && record.generation < from.generation
        if (!record || isBehind) return false

        clock.at(clock.elapsed() + PROMPT, () => resolve(true))
        const deafen = hearOthers(session)
        const { outcome } = await refreshOnce(session, { from, target }).finally(deafen)
        if (outcome !== 'adopted') tellOthers(session)
        return true
      }
    })
  }
}

/** Checks a message. Throws if it is no message of this version. */
function readMessage(message: unknown): Request {
  const { version, options: given, dpop: settings, metadataFrom: source, from, target } = message as Request
  const options = {
    ...given,
    ...(settings && { dpop: dpop(settings) }),
    ...(source && { metadata: metadataFrom(source) }),
  }
  checkOptions(options)
  const texts = [from.grantId, target.resource ?? '', target.audience ?? '', target.scope ?? '']
  const isOurs = version === 1 && Number.isInteger(from.generation)
  if (!isOurs || texts.some((text) => typeof text !== 'string')) throw new TypeError()

  return { ...(message as Request), options }
}
