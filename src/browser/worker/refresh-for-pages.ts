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

/** A message whose options were found complete. */
type Request = RefreshMessage & { readonly options: TokenManagerOptions }

/** A refresh that has not begun by then answers all the same, ms: it waits for the lock, and the page waits behind it. */
const PROMPT = 1_000
/** How many authorization servers and clients are known at most; a page with a further one refreshes for itself. */
const MANY = 20

/**
 * Refreshes for the pages of the origin, on the record they share and by the procedure they follow themselves.
 * @returns takes a page's message, and resolves to whether the page has to do nothing but wait for the record: once the refresh
 *   token is about to leave, or nothing is left to do. `false`: the page has to do it itself. Never rejects.
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

  /** The first page decides where the tokens of an issuer and client go: no later message changes that. */
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

  /** The session lives as long as the refresh: between refreshes no token is kept here. */
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
        // The page's storage is not the one seen here, or could not be written.
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

/** Throws for what is no message of this version. */
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
