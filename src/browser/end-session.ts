import { base64url } from '../protocol/base64url.ts'
import type { SignOutReport } from '../session/sign-out.ts'

const KEY = 'tokenward.end-session'
// Servers and proxies refuse longer URLs. For shorter ones a URL is better than a form: with a form, browsers do not send cookies that have
// `SameSite=Lax` to the server.
const LONG = 6_000

/** How to end the person's session at the authorization server. */
export interface EndSessionOptions {
  /** Where to go when the person comes back. {@link endSessionReturn} returns it. It is kept in this tab and never sent. */
  readonly returnTo?: string
}

/**
 * Leaves this page to end the person's session at the authorization server too (OpenID Connect RP-Initiated Logout §2). Call it after
 * `signOut({ endSession: true })`. With the option `postLogoutRedirectUri` the server sends the person back there with a random `state`, for
 * {@link endSessionReturn}. A URL of more than 6,000 characters, for example with a very large ID token, is sent as a form.
 * @returns false if the server has no address for that; then nothing happens
 */
export function endSession(
  { endSessionUrl }: Pick<SignOutReport, 'endSessionUrl'>,
  { returnTo }: EndSessionOptions = {},
): boolean {
  if (endSessionUrl === undefined) return false

  const url = new URL(endSessionUrl)
  const { searchParams } = url
  if (searchParams.has('post_logout_redirect_uri')) {
    const state = base64url(crypto.getRandomValues(new Uint8Array(16)))
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ state, returnTo }))
      searchParams.set('state', state)
    } catch {
      // Without a storage there is no `state`, because nothing could be compared with it when the person comes back.
    }
  }

  if (url.href.length <= LONG) location.assign(url)
  else submit(url)
  return true
}

/**
 * For the page at `postLogoutRedirectUri`: returns the options of {@link endSession} if the person comes back from it, and removes `state` from
 * the address bar. It does so once. For every other visit, also with another `state`, it returns `undefined`.
 */
export function endSessionReturn(): EndSessionOptions | undefined {
  const url = new URL(location.href)
  const state = url.searchParams.get('state')

  let kept: (EndSessionOptions & { readonly state: string }) | null = null
  try {
    kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
    if (kept?.state !== state) return
    sessionStorage.removeItem(KEY)
  } catch {
    return
  }

  const parameters = url.search.slice(1).split('&')
  url.search = parameters.filter((parameter) => !parameter.startsWith('state=')).join('&')
  history.replaceState(history.state, '', url.href)

  const { returnTo } = kept
  return returnTo === undefined ? {} : { returnTo }
}

/** Goes to `url` and sends the parameters about the session as a form (§2). They may have any length, and are not in the history. */
function submit(url: URL): void {
  const form = document.createElement('form')
  form.method = 'post'
  for (const name of ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state']) {
    const value = url.searchParams.get(name)
    if (value === null) continue

    url.searchParams.delete(name)
    const input = document.createElement('input')
    Object.assign(input, { type: 'hidden', name, value })
    form.append(input)
  }

  form.action = url.href
  document.body.append(form)
  form.submit()
}
