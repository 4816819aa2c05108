import type { SessionState } from 'tokenward/browser'
import type { World } from './world.ts'

/** What the buttons do. */
export interface Actions {
  signIn(): Promise<unknown>
  call(count: number): Promise<unknown>
  expire(): Promise<unknown>
  deny(): Promise<unknown>
  revoke(): Promise<unknown>
  steal(): Promise<unknown>
  logOutEverywhere(): Promise<unknown>
  signOut(offline: boolean): Promise<unknown>
  toggleServer(): Promise<unknown>
  reconnect(): Promise<unknown>
}

const at = <T extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as T

/** Gives the buttons their meaning. `failed` hears what an action threw. */
export function wireControls(actions: Actions, failed: (error: unknown) => void): void {
  const wire = (id: string, run: () => Promise<unknown>) => {
    const button = at<HTMLButtonElement>(id)
    button.addEventListener('click', async () => {
      // Not `disabled`: that would take the keyboard's focus away.
      if (button.ariaBusy === 'true' || button.ariaDisabled === 'true') return
      button.ariaBusy = 'true'
      await run().catch(failed)
      button.ariaBusy = null
    })
  }
  wire('sign-in', actions.signIn)
  wire('call', () => actions.call(1))
  wire('call-25', () => actions.call(25))
  wire('expire', actions.expire)
  wire('deny', actions.deny)
  wire('revoke', actions.revoke)
  wire('steal', actions.steal)
  wire('log-out-everywhere', actions.logOutEverywhere)
  wire('sign-out', () => actions.signOut(false))
  wire('sign-out-offline', () => actions.signOut(true))
  wire('server', actions.toggleServer)
  wire('network', actions.reconnect)
}

/** Shows the buttons that make sense now, and what to press next. */
export function showControls(state: SessionState, world: World, tabs: number): void {
  const signedIn = state.status === 'signedIn'
  const focused = document.activeElement
  const signIn = at('sign-in')
  signIn.hidden = state.status !== 'signedOut'
  const blocked = world.down || world.offline
  signIn.ariaDisabled = blocked ? 'true' : null
  at('signed-in-controls').hidden = !signedIn
  at('server').textContent = world.down ? 'Bring the authorization server up' : 'Take the authorization server down'
  at('server').classList.toggle('active', world.down)
  at('network').hidden = !world.offline
  at('hint').textContent = hint(signedIn, world, tabs)
  const isGone = focused instanceof HTMLElement && focused !== document.body && focused.offsetParent === null
  if (isGone) at('hint').focus()
  showBanner(signedIn, world)
}

function hint(signedIn: boolean, world: World, tabs: number): string {
  if (world.offline) return 'No network. Bring it back and watch the waiting revocation leave.'
  if (!signedIn && world.down) return 'Signing in needs the authorization server: bring it up first.'
  if (!signedIn) return 'Start here: sign in as Alice or Bob. No password needed.'
  if (tabs < 2) return 'Now open another tab and put it beside this one: both share this session.'
  return 'Expire the token and watch: one tab asks the server, the others take what it got.'
}

function showBanner(signedIn: boolean, { down, offline }: World) {
  const text = offline
    ? 'There is no network. What was signed out stays signed out, here and after a reload; the revocation waits.'
    : down
      ? `The authorization server is down.${signedIn ? ' Calls go on as long as the access token lives.' : ''}`
      : ''
  at('banner').hidden = !text
  at('banner').textContent = text
}
