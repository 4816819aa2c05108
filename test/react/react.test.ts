// @vitest-environment happy-dom
import { act, cleanup, render, screen } from '@testing-library/react'
import { createElement, type ReactElement, StrictMode, useEffect } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  alwaysOnline,
  createTokenManager,
  noChannel,
  queueLock,
  type TokenManager,
  webCrypto,
} from '../../src/index.ts'
import {
  RequireSession,
  TokenManagerProvider,
  useAccessToken,
  useSession,
  useTokenManager,
} from '../../src/react/index.ts'
import {
  createTestTokenManager,
  manualClock,
  memoryStore,
  scriptedAuthorizationServer,
} from '../../src/testing/index.ts'
import { anErrorSaying } from '../support/sentences.ts'

afterEach(cleanup)

let renders = 0

function Session(): ReactElement {
  renders++
  const state = useSession()
  const subject = state.status === 'signedIn' ? state.session.subject : ''
  return createElement('p', { role: 'status' }, `${state.status} ${subject}`)
}

function Token({ seen }: { readonly seen: (string | undefined)[] }): ReactElement {
  const { accessToken, error } = useAccessToken()
  seen.push(accessToken?.value)
  return createElement('p', { role: 'status' }, accessToken ? `a ${accessToken.type} token` : `none ${error?.code}`)
}

function Holder({ seen }: { readonly seen: Set<TokenManager> }): null {
  seen.add(useTokenManager())
  return null
}

const status = () => screen.getByRole('status').textContent

function within(manager: TokenManager, ...children: ReactElement[]): ReactElement {
  return createElement(StrictMode, null, createElement(TokenManagerProvider, { manager }, ...children))
}

describe('useSession', () => {
  it('follows sign-in and sign-out, and renders nothing anew for a refresh', async () => {
    const manager = createTestTokenManager({ state: 'loading', claims: { sub: 'ann' } })
    render(within(manager, createElement(Session)))
    expect(status()).toBe('loading ')

    await act(async () => manager.set('signedIn'))
    expect(status()).toBe('signedIn ann')

    const before = renders
    await act(() => manager.refresh())
    expect(renders).toBe(before)

    await act(() => manager.signOut())
    expect(status()).toBe('signedOut ')
  })

  it('is loading on a server, where nothing is started', () => {
    const subscribe = vi.fn(() => () => {})
    const manager = { ...createTestTokenManager({ state: 'signedIn' }), subscribe }

    expect(renderToString(within(manager, createElement(Session)))).toBe('<p role="status">loading </p>')
    expect(subscribe).not.toHaveBeenCalled()
  })

  it('says what is missing outside of a provider', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(() => render(createElement(Session))).toThrow(
      anErrorSaying('There is no <TokenManagerProvider manager={…}>') as Error,
    )
  })
})

describe('useTokenManager', () => {
  it('gives the same manager at every render', () => {
    const manager = createTestTokenManager()
    const seen = new Set<TokenManager>()
    const { rerender } = render(within(manager, createElement(Holder, { seen })))
    rerender(within(manager, createElement(Holder, { seen })))
    expect([...seen]).toEqual([manager])
  })
})

describe('RequireSession', () => {
  const guarded = (manager: TokenManager) =>
    within(
      manager,
      createElement(
        RequireSession,
        {
          loading: createElement('p', null, 'one moment'),
          signedOut: ({ reason }) => createElement('p', null, `nobody: ${reason}`),
        },
        createElement('p', null, 'the notes'),
      ),
    )

  it('shows its children to a person who is signed in, and to nobody else', async () => {
    const manager = createTestTokenManager({ state: 'loading' })
    const { container } = render(guarded(manager))
    expect(container.textContent).toBe('one moment')

    await act(async () => manager.set('signedIn'))
    expect(container.textContent).toBe('the notes')

    await act(() => manager.signOut())
    expect(container.textContent).toBe('nobody: signed_out')
  })

  it('keeps the children through an outage, for the session is kept', () => {
    const manager = createTestTokenManager({ state: 'suspended' })
    const { container } = render(guarded(manager))
    expect(container.textContent).toBe('the notes')
  })

  it('does not sign in by itself, so that a sign-out stays one', async () => {
    const manager = createTestTokenManager({ state: 'signedIn' })
    render(guarded(manager))
    await act(() => manager.signOut())
    expect(manager.calls.map(({ method }) => method)).toEqual(['signOut'])
  })
})

describe('useAccessToken, with a real manager', () => {
  function world() {
    const clock = manualClock()
    const server = scriptedAuthorizationServer(clock.now)
    const manager = createTokenManager(
      { issuer: server.issuer, clientId: 'app', resources: ['https://api.example.com/'] },
      {
        store: memoryStore(),
        lock: queueLock(),
        channel: noChannel,
        lifecycle: alwaysOnline,
        clock,
        crypto: webCrypto,
        fetch: server.fetch,
      },
    )
    return { clock, server, manager, seen: [] as (string | undefined)[] }
  }

  it('gives the token, the new one after a refresh, and none after a sign-out', async () => {
    const { clock, server, manager, seen } = world()
    await manager.adopt({ ...server.issue(), expiresAt: clock.now() + 300_000 })
    render(within(manager, createElement(Token, { seen })))
    await act(() => clock.advance(0))
    expect(status()).toBe('a Bearer token')
    const first = seen.at(-1)

    await act(() => manager.refresh())
    await act(() => clock.advance(0))
    expect(status()).toBe('a Bearer token')
    expect(seen.at(-1)).not.toBe(first)

    await act(() => manager.signOut())
    expect(status()).toBe('none undefined')
    expect(seen.at(-1)).toBeUndefined()
    manager.dispose()
  })

  it('never shows one person the token of another', async () => {
    const { clock, server, manager, seen } = world()
    await manager.adopt({ ...server.issue(), expiresAt: clock.now() + 300_000 })
    render(within(manager, createElement(Token, { seen })))
    await act(() => clock.advance(1_000))
    const first = seen.at(-1)

    await act(() => manager.adopt({ ...server.issue(), expiresAt: clock.now() + 300_000 }))
    await act(() => clock.advance(0))
    expect(seen.at(-1)).toBeDefined()
    expect(seen.at(-1)).not.toBe(first)
    manager.dispose()
  })

  it('says why there is none, and has one again when the server is back', async () => {
    const { clock, server, manager, seen } = world()
    await manager.adopt({ ...server.issue(), expiresAt: clock.now() + 30_000 })
    const { before } = server
    server.before = () => Promise.reject(new TypeError('Failed to fetch'))
    await clock.advance(31_000)
    render(within(manager, createElement(Token, { seen })))
    await act(() => clock.advance(5_000))
    expect(status()).toBe('none ERR_TEMPORARILY_UNAVAILABLE')

    server.before = before
    await act(() => clock.advance(60_000))
    expect(status()).toBe('a Bearer token')
    manager.dispose()
  })
})

describe('USE-02: another target', () => {
  it('is never rendered, and never seen by an effect, with the token of the one before', async () => {
    const clock = manualClock()
    const server = scriptedAuthorizationServer(clock.now)
    const [first, second] = ['https://a.example/', 'https://b.example/'] as const
    const resources = [first, second].map((url) => ({ url, resource: url }))
    const manager = createTokenManager(
      { issuer: server.issuer, clientId: 'app', resources },
      {
        ...{ store: memoryStore(), lock: queueLock(), channel: noChannel, lifecycle: alwaysOnline },
        ...{ clock, crypto: webCrypto, fetch: server.fetch },
      },
    )
    await manager.adopt({ ...server.issue(), expiresAt: clock.now() + 3_000_000 })
    const ofFirst = (await manager.getAccessToken({ resource: first })).value
    const opened: string[] = []
    function Socket({ api }: { readonly api: string }) {
      const { accessToken } = useAccessToken({ resource: api })
      useEffect(() => {
        if (accessToken) opened.push(`${api} ${accessToken.value}`)
      }, [api, accessToken])
      return null
    }
    const app = (api: string) => createElement(TokenManagerProvider, { manager }, createElement(Socket, { api }))
    const { rerender } = render(app(first))
    await act(() => clock.advance(10))
    rerender(app(second))
    await act(() => clock.advance(10))
    manager.dispose()
    const ofSecond = opened.at(-1)
    expect(ofSecond).not.toBe(`${second} ${ofFirst}`)
    expect(opened).toEqual([`${first} ${ofFirst}`, ofSecond])
    expect(ofSecond).toContain(second)
  })
})
