import type { TokenManager } from '../manager/token-manager.ts'
import type { SignOutReport } from '../session/sign-out.ts'

/**
 * What came of a front-channel logout. `removed`, `memory_only`, `superseded`: the session was ended, as a {@link SignOutReport} says.
 * `other_session`: the request names no session, or not the one that is signed in; nothing was done. `no_session`: nobody is signed
 * in. `not_seen`: the same from within a frame, where it may mean no more than that the browser gives the frame a storage of its own.
 */
export type FrontChannelLogoutOutcome = SignOutReport['local'] | 'other_session' | 'no_session' | 'not_seen'

/**
 * Ends the session because the authorization server says so: for the page registered as `frontchannel_logout_uri` (OpenID Connect
 * Front-Channel Logout 1.0 §2), which the server's page loads in a frame when the person signs out there. Acts only if `iss` and `sid`
 * are those of the ID token of the session that is signed in; register the client with `frontchannel_logout_session_required`. It
 * signs out as `signOut({ reason: 'session_ended' })` does: in every tab.
 *
 * Not to be relied on: browsers partition the storage of a frame inside another site's page, and then there is nothing to see from
 * here (`not_seen`). It works where app and server are one site, as `app.example.com` and `login.example.com` are; elsewhere the
 * session ends when the server refuses the next refresh. Serve the page with `Cache-Control: no-store`, allow the server to
 * frame it (`frame-ancestors`), and call this first thing: the server waits for little more than the frame's `load`.
 * @param tokens a manager with the options of the app's own
 * @param url the URL that was asked for; default the present one
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
