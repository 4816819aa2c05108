import { sessionLimits } from '../../src/manager/session-limits.ts'
import { CLIENT, ISSUER } from './authorization-server.ts'
import type { History } from './history.ts'
import { fetchOf, metadata } from './network.ts'
import type { Plan, TabMove } from './plan.ts'
import { openTab, type Tab } from './tab.ts'

/** What a caller says who waits no longer. */
export const ABANDONED = new Error('abandoned')

/** The only place tokens are sent to. */
const API = 'https://api.example/'

/** A page is opened in `slot`. */
export function start(history: History, slot: number): Tab {
  const { plan, subject, judge, dice } = history
  const earlier = history.tabs.filter((other) => other.slot === slot).length
  const tab = openTab(history, slot, `tab ${slot + 1}${'′'.repeat(earlier)}`)
  tab.manager = subject.createTokenManager(
    {
      issuer: ISSUER,
      clientId: CLIENT,
      scope: 'notes files',
      resources: [API],
      metadata: metadata(plan.server.revocation !== 'absent'),
      ...timing(plan),
    },
    { ...tab.ports, fetch: fetchOf(history, tab, dice.fork('network', tab.name)) },
  )
  history.note?.(tab, '*** open')
  judge.opened(tab)
  void tab.manager.ready()
  return tab
}

/** Something happens to `tab`, or somebody asks it for something. */
export function act(history: History, tab: Tab, move: TabMove, after = 0): void {
  if (after > 0) {
    tab.stepped = () => {
      if (--after > 0) return
      delete tab.stepped
      history.note?.(tab, `*** ${move}`)
      if (!tab.gone) act(history, tab, move)
    }
    return
  }
  const { manager } = tab
  switch (move) {
    case 'close':
    case 'crash':
      history.count(move)
      if (move === 'close') manager.dispose()
      delete tab.stepped
      tab.gone = true
      history.locks.gone(tab)
      return
    case 'freeze':
    case 'hang':
      if (tab.frozen) return
      history.count(move)
      if (move === 'freeze') tab.tell('frozen')
      tab.frozen = true
      tab.frozenAt = history.time.now
      return
    case 'thaw':
      if (tab.frozen) thaw(history, tab, history.dice.chance(0.5))
      return
    case 'hide':
      tab.visible = false
      tell(history, tab, 'hidden')
      return
    case 'show':
      tab.visible = true
      tell(history, tab, 'visible')
      return
    case 'go offline':
      history.count('offline')
      tab.online = false
      return
    case 'come online':
      tab.online = true
      tell(history, tab, 'online')
      return
    case 'dispose':
      tab.disposedAt = history.time.now
      manager.dispose()
      return
    default:
      // A page that stands still calls nothing.
      history.time.inTab(tab, 0, () => call(history, tab, move))
  }
}

/** `tab` goes on. `told`: its platform says so. */
export function thaw({ time }: History, tab: Tab, told: boolean): void {
  tab.frozenFor += time.now - tab.frozenAt
  tab.frozenAt = time.now
  time.thaw(tab)
  if (told) time.inTab(tab, 0, () => tab.tell('resumed'))
}

function tell({ time }: History, tab: Tab, event: 'visible' | 'hidden' | 'online') {
  if (!tab.frozen) time.inTab(tab, 0, () => tab.tell(event))
}

function call(history: History, tab: Tab, move: TabMove) {
  const { manager } = tab
  const track = <T>(work: Promise<T>) => history.judge.called(tab, move, work)
  switch (move) {
    case 'getAccessToken':
      return track(manager.getAccessToken())
    case 'run once': {
      const work = manager.getAccessToken()
      history.judge.called(tab, 'getAccessToken', work)
      history.judge.ran(tab, work)
      const end = () => act(history, tab, 'close')
      return void work.then(end, end)
    }
    case 'getAccessToken narrow':
      return track(manager.getAccessToken({ scope: 'notes' }))
    case 'getAccessToken resource':
      return track(manager.getAccessToken({ resource: 'https://files.example/' }))
    case 'getAccessToken abandoned': {
      const caller = new AbortController()
      history.time.inTab(tab, history.dice.between(0, 3_000), () => caller.abort(ABANDONED))
      return track(manager.getAccessToken({ signal: caller.signal }))
    }
    case 'fetch':
      return track(manager.fetch(`${API}notes`))
    case 'post':
      return track(manager.fetch(`${API}notes`, { method: 'POST', body: 'note' }))
    case 'refresh':
      return track(manager.refresh())
    case 'signOut':
      return track(manager.signOut())
    case 'adopt':
    case 'adopt other': {
      const { time, server, plan } = history
      const { idToken, ...tokens } = server.issue(history.person(move === 'adopt other'), time.now)
      const expiresAt = tab.ports.clock.now() + plan.server.lifetime
      history.judge.signingIn(tokens.refreshToken)
      // By its scope one session is told from another.
      const scope = `notes files ${tokens.refreshToken}`
      return track(manager.adopt({ ...tokens, scope, expiresAt, ...(idToken !== undefined && { idToken }) }))
    }
  }
}

function timing({ options }: Plan) {
  const { interval, idleTimeout, maxAge, ...rest } = options
  const limits = sessionLimits(idleTimeout === undefined ? (maxAge === undefined ? {} : { maxAge }) : { idleTimeout })
  return { ...rest, limits, ...(interval !== undefined && { refresh: { interval } }) }
}
