import type { TokenManager } from '../manager/token-manager.ts'
import type { SignOutReport } from '../session/sign-out.ts'

/**
 * The result of a front-channel logout.
 *
 * | result | meaning |
 * | --- | --- |
 * | `removed`, `memory_only`, `superseded` | the session was ended, as in {@link SignOutReport} |
 * | `other_session` | the request names no session, or another one than is signed in; nothing happened |
 * | `no_session` | nobody is signed in |
 * | `not_seen` | this frame sees no session; the browser may give the frame a storage of its own |
 */
export type FrontChannelLogoutOutcome = SignOutReport['local'] | 'other_session' | 'no_session' | 'not_seen'

/**
 * Ends the session in every tab, as `signOut({ reason: 'session_ended' })` does, because the person signs out at the authorization server. It is
 * for the page that is registered as `frontchannel_logout_uri` (OpenID Connect Front-Channel Logout 1.0 §2). The server loads that page in a
 * frame. Register the client with `frontchannel_logout_session_required`: nothing happens unless `iss` and `sid` are those of the ID token of
 * the session.
 *
 * It only works if app and server are on one site, such as `app.example.com` and `login.example.com`. Otherwise browsers give the frame a storage
 * of its own (`not_seen`), and the session ends when the server refuses the next refresh. Serve the page with `Cache-Control: no-store`, allow
 * the server to frame it (`frame-ancestors`), and call this at once, because the server does not wait long.
 * @param tokens a manager with the same options as in the app
 * @param url the URL of the request. Default: the page's own
 */
export async function frontChannelLogout(
  tokens: Pick<TokenManager, 'ready' | 'signOut'>,
  url: string = location.href,
): Promise<FrontChannelLogoutOutcome> {
  const state = await tokens.ready()
  if (state.status !== 'signedIn') return parent === window ? 'no_session' : 'not_seen'

  const { searchParams } = new URL(url)
  const { claims } = state.session
  for (const name of ['iss', 'sid'] as const) {
    const [asked, another] = searchParams.getAll(name)
    const isAskedOnce = asked && another === undefined
    if (!isAskedOnce || asked !== claims?.[name]) return 'other_session'
  }

  return (await tokens.signOut({ reason: 'session_ended' })).local
}
