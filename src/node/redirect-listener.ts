import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TokenManagerError } from '../errors.ts'
import { type LandingOutcome, landingHeaders } from './landing-page.ts'

/** A server that listens at a loopback redirect URI. */
export interface RedirectListener {
  /** The redirect URI with the port. */
  readonly redirectUri: string
  /**
   * Waits for the first answer with this `state`, or with an error and no `state`. It resolves when the person has seen `page`. Until then the process
   * keeps running.
   */
  answer(state: string, page: (outcome: LandingOutcome) => string): Promise<string>
  close(): void
}

const REDIRECT_URI = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::(\d+))?(\/[^?#]*)?$/
/** How long the browser may take to load the page, in milliseconds. */
const LANDING = 1_000

/**
 * Listens at `configured`. If that has no port, it takes a free one. It does not keep the process running yet.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if `configured` is no loopback address, or if its port is not free
 */
export async function redirectListener(configured: string): Promise<RedirectListener> {
  const [, host, port, path = '/'] = REDIRECT_URI.exec(configured) ?? []
  if (!host) throw invalid('http://127.0.0.1 or http://[::1] with a path, such as http://127.0.0.1/callback')

  let handle: RequestListener = (_, response) => void response.writeHead(404, landingHeaders).end()
  const server = createServer((request, response) => handle(request, response)).unref()
  await new Promise<void>((resolve, reject) => {
    server.on('error', () => reject(invalid(port ? 'on a port that is free' : 'on an address of this machine')))
    server.listen(Number(port ?? 0), host.replace(/[[\]]/g, ''), resolve)
  })
  const authority = `${host}:${(server.address() as AddressInfo).port}`
  const redirectUri = configured.replace(/^http:\/\/[^/]+/, `http://${authority}`)

  return {
    redirectUri,
    close() {
      server.close()
      server.closeAllConnections()
    },
    answer(state, page) {
      server.ref()
      return new Promise((resolve) => {
        let outcome: LandingOutcome | undefined
        let done = () => {}
        handle = (request, response) => {
          const search = searchAt(request, authority, path)
          if (search === '' && outcome) {
            response.once('close', done)
            response.writeHead(200, landingHeaders).end(page(outcome))
            return
          }

          const isFirst = search !== undefined && outcome === undefined
          const answered = isFirst ? outcomeOf(request, search, state) : undefined
          if (!answered) return refuse(response)

          outcome = answered
          done = () => resolve(`${redirectUri}${search}`)
          setTimeout(done, LANDING)
          // This redirect removes the code from the address bar.
          response.writeHead(303, { ...landingHeaders, location: path }).end()
        }
      })
    },
  }
}

/**
 * The query of the request. `undefined` unless it is a GET of exactly this path and host. The host is checked because a site can give this machine a
 * name of its own.
 */
function searchAt({ method, headers, url = '' }: IncomingMessage, authority: string, path: string): string | undefined {
  if (method !== 'GET' || headers.host !== authority) return undefined
  const [, asked, search = ''] = /^([^?#]*)(\?.*)?$/.exec(url) ?? []
  return asked === path ? search : undefined
}

/**
 * The outcome that a request brings. `undefined` if it is not the answer to this sign-in. Anybody on this machine can send a request here, and any site
 * can make the browser send one; only the right answer has the `state`. An error without `state` is accepted from a page that the person sees,
 * because it only ends the wait.
 */
function outcomeOf({ headers }: IncomingMessage, search: string, state: string): LandingOutcome | undefined {
  const params = new URLSearchParams(search)
  const isError = params.has('error')
  const isPage = (headers['sec-fetch-dest'] ?? 'document') === 'document'
  const isOurs = params.get('state') ? params.get('state') === state : isError && isPage
  if (!isOurs) return undefined
  return isError ? 'refused' : 'answered'
}

function refuse(response: ServerResponse): void {
  response.writeHead(404, landingHeaders).end('<!doctype html><title>Nothing here</title><p>Nothing is expected here.')
}

function invalid(expected: string): TokenManagerError {
  const what = `With loopback() option redirectUri has to be ${expected}`
  return new TokenManagerError('ERR_INVALID_OPTION', 'redirect_uri_mismatch', what)
}
