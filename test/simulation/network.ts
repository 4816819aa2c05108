import type { Fetch } from '../../src/ports.ts'
import { EPOCH, ISSUER, type ServerAnswer } from './authorization-server.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import type { Tab } from './tab.ts'

/** The metadata the tabs are given, so that nobody has to discover it. */
export const metadata = (revocation: boolean) => ({
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  ...(revocation && { revocation_endpoint: `${ISSUER}/revoke` }),
})

/** The way from `tab` to the servers. */
export function fetchOf(history: History, tab: Tab, dice: Random): Fetch {
  const { time, plan, server, judge } = history
  const { networkDelay, requestLost, answerLost } = plan.noise

  return (input, init = {}) => {
    const url = String(input)
    const isToken = url === `${ISSUER}/token`
    const params = url.startsWith(ISSUER) ? new URLSearchParams(String(init.body)) : undefined
    const refreshToken = (isToken && params?.get('refresh_token')) || undefined
    const presentation = refreshToken ? judge.presented(tab, refreshToken) : undefined
    const value = new Headers(init.headers).get('authorization')?.slice(7) ?? ''
    if (!params) judge.used(tab, value)
    if (params && !isToken) judge.revoking(tab, params.get('token') ?? '')
    return new Promise((resolve, reject) => {
      const { signal } = init
      const fail = (why: string) => {
        judge.answered(presentation, 'lost')
        history.note?.(tab, `${isToken ? 'refresh' : 'request'}: ${why}`)
        reject(new TypeError('network error'))
      }
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', () => {
        judge.givenUp(presentation)
        judge.answered(presentation, 'lost')
        reject(signal.reason)
      })
      if (!tab.online) return void time.inTab(tab, 0, () => fail('offline'))
      const delay = () => (history.calm ? 10 : networkDelay * dice.next())
      const fault = url.startsWith(ISSUER) ? history.serverFault() : undefined
      if (fault === 'unreachable') return void time.inTab(tab, 1 + delay(), () => fail('unreachable'))
      if (!history.calm && dice.chance(requestLost)) {
        history.count('request lost')
        return void time.inTab(tab, 1 + delay(), () => fail('lost on the way there'))
      }
      const loses = !history.calm && dice.chance(answerLost) ? dice.pick(['error', 'silence']) : undefined
      time.later(1 + delay(), () => {
        // What a page that is gone had sent, arrives, or does not.
        if (fault === 'silence' || (tab.gone && dice.chance(0.5))) return
        const answer = fault ? failing(fault) : process(url, params, value)
        if (loses) history.count('answer lost')
        // How long to wait for an API is its caller's business.
        if (loses === 'silence' && params) return
        time.later(1 + delay(), () =>
          time.inTab(tab, 0, () => {
            if (signal?.aborted) return
            if (loses) return fail('lost on the way back')
            judge.answered(presentation, answer)
            if (isToken) history.note?.(tab, `refresh: ${answer.status} ${said(answer.body)}`)
            resolve(response(answer))
          }),
        )
      })
    })
  }

  function process(url: string, params: URLSearchParams | undefined, accessToken: string): ServerAnswer {
    if (url === `${ISSUER}/token`) return server.refresh(params?.get('refresh_token') ?? '', time.now)
    if (url === `${ISSUER}/revoke`) return server.revoke(params?.get('token') ?? '')
    const token = server.accessTokens.get(accessToken)
    if (token && !token.rejected && token.expiresAt > time.now) return { status: 200, body: '{}' }
    return { status: 401, body: '', headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
  }

  function failing(fault: string): ServerAnswer {
    switch (fault) {
      case '503':
        return { status: 503, body: '<html>', headers: { 'retry-after': '20' } }
      case '503 with date': {
        const date = new Date(EPOCH + history.wallOffset + time.now + 20_000).toUTCString()
        return { status: 503, body: '', headers: { 'retry-after': date } }
      }
      case '429':
        return { status: 429, body: '', headers: { 'retry-after': '5' } }
      case 'redirect':
        return { status: 302, body: '', headers: { location: 'https://portal.example/' } }
      default:
        return { status: Number(fault), body: fault === '500' ? '<html>' : '' }
    }
  }
}

/** What the manager reads of a response, settled in microtasks. */
function response({ status, body, headers = {} }: ServerAnswer): Response {
  return {
    status,
    ok: status < 300,
    type: 'basic',
    redirected: false,
    body: null,
    headers: { get: (name: string) => headers[name.toLowerCase()] ?? null },
    text: async () => body,
  } as unknown as Response
}

const said = (body: string): string => /"error":"(\w+)"|"refresh_token":"([^"]+)"/.exec(body)?.slice(1).join('') ?? ''
