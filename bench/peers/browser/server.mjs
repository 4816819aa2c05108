import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

const HOUR = 3_600_000

// So that its clocks are fine enough.
const isolated = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

// Before anything else of the page runs: its clocks can be set ahead, so that a token expires at a moment that is agreed on.
const clocks = `
const real = performance.now.bind(performance), wall = Date.now.bind(Date), Real = Date
window.clocks = { ahead: 0, real, origin: performance.timeOrigin }
performance.now = () => real() + clocks.ahead
Date.now = () => wall() + clocks.ahead
window.Date = class extends Real { constructor(...given) { given.length ? super(...given) : super(Date.now()) } static now() { return wall() + clocks.ahead } }
`

/**
 * One origin with an authorization server, an API and the pages. A refresh token that comes a second time ends its family (RFC 9700
 * §4.14.2).
 * @param {ReadonlyMap<string, string>} scripts by the path of the page
 */
export async function startServer(scripts) {
  const families = new Map()
  const state = { latency: 0, ahead: 0, requests: 0, reuse: 0, swallow: false, swallowed: undefined }

  const jwt = (claims) => {
    const iat = Math.floor((Date.now() + state.ahead) / 1000)
    const whole = { iss: `${origin}/`, sub: 'alice', aud: 'page', iat, exp: iat + HOUR / 1000, ...claims }
    const parts = [{ alg: 'RS256', typ: 'JWT' }, whole].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    )
    return [...parts, randomBytes(256).toString('base64url')].join('.')
  }
  const pair = (family) => {
    const refreshToken = jwt({ family: family.id, jti: randomBytes(8).toString('hex') })
    family.current = refreshToken
    families.set(refreshToken, family)
    return { accessToken: jwt({}), refreshToken, idToken: jwt({}), expiresAt: Date.now() + state.ahead + HOUR }
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${server.address().port}`
  return {
    origin,
    state,
    issue: () => pair({ id: randomBytes(8).toString('hex'), isAlive: true }),
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }

  async function handle(request, response) {
    const { pathname } = new URL(request.url, origin)
    const script = scripts.get(pathname)
    if (script !== undefined) {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
    } else if (scripts.has(`${pathname}.js`)) {
      response.writeHead(200, { 'content-type': 'text/html', ...isolated })
      response.end(
        `<!doctype html><link rel="icon" href="data:,"><script>${clocks}</script><script src="${pathname}.js"></script>`,
      )
    } else if (/token$/.test(pathname)) {
      await refresh(request, response)
    } else response.writeHead(404).end()
  }

  async function refresh(request, response) {
    const body = await text(request)
    const isJson = request.headers['content-type']?.includes('json')
    const presented = isJson ? JSON.parse(body).refresh_token : new URLSearchParams(body).get('refresh_token')
    state.requests++
    if (state.swallow) {
      // It never arrives: nothing is done, and nobody answers.
      state.swallow = false
      state.swallowed = `${request.url} ${request.headers.referer}`
      return
    }
    const family = families.get(presented)
    const isReuse = family !== undefined && family.current !== presented
    if (isReuse) {
      state.reuse++
      family.isAlive = false
    }
    if (!family?.isAlive) {
      await sleep(state.latency)
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')
      return
    }
    const { accessToken, refreshToken, idToken } = pair(family)
    await sleep(state.latency)
    const answer = {
      access_token: accessToken,
      refresh_token: refreshToken,
      // The one that refuses an answer without it.
      ...(request.url.startsWith('/oauth/') && { id_token: idToken }),
      token_type: 'Bearer',
      expires_in: HOUR / 1000,
      user: { id: 'alice', aud: 'authenticated', app_metadata: {}, user_metadata: {}, created_at: '' },
    }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(answer))
  }
}
