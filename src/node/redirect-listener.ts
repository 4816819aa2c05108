import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TokenManagerError } from '../errors.ts'
import { type LandingOutcome, landingHeaders } from './landing-page.ts'

/** Listens at a loopback redirect URI. */
export interface RedirectListener {
  /** With the port. */
  readonly redirectUri: string
  /**
   * Resolves with the first answer that carries `state`, or an error without one, once the person has seen `page`. From now on the
   * process stays alive.
   */
  answer(state: string, page: (outcome: LandingOutcome) => string): Promise<string>
  close(): void
}

const REDIRECT_URI = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::(\d+))?(\/[^?#]*)?$/
/** How long the browser may take to fetch the page it lands on, ms. */
const LANDING = 1_000

/**
 * Listens at `configured`, on a free port if it names none. It does not keep the process alive yet.
 * @throws TokenManagerError `ERR_INVALID_OPTION` if that is no loopback address, or its port is taken
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
          // The address bar shows the page without the code that came with it.
          response.writeHead(303, { ...landingHeaders, location: path }).end()
        }
      })
    },
  }
}

/** What follows the path, if the request is a GET of just that path, and not of another site's name for this machine. */
function searchAt({ method, headers, url = '' }: IncomingMessage, authority: string, path: string): string | undefined {
  if (method !== 'GET' || headers.host !== authority) return undefined
  const [, asked, search = ''] = /^([^?#]*)(\?.*)?$/.exec(url) ?? []
  return asked === path ? search : undefined
}

/**
 * Anybody on this machine can send a request here, and any site can have the browser send one: only `state` tells them apart. An error
 * without `state` can do no more than end the wait, and only a page that the person sees brings one.
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
