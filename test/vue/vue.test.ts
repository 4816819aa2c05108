// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type App,
  type Component,
  createApp,
  createSSRApp,
  defineComponent,
  h,
  nextTick,
  ref,
  type ShallowRef,
  watch,
} from 'vue'
import { renderToString } from 'vue/server-renderer'
import { createMemoryHistory, createRouter, type Router, RouterView } from 'vue-router'
import type { SessionState, TokenManager } from '../../src/index.ts'
import { createTestTokenManager } from '../../src/testing/index.ts'
import { requireSession, tokenManagerPlugin, useAccessToken, useSession, useTokenManager } from '../../src/vue/index.ts'
import { anErrorSaying } from '../support/sentences.ts'

const apps: App[] = []

afterEach(() => {
  for (const app of apps.splice(0)) app.unmount()
  document.body.replaceChildren()
})

const Session = defineComponent(() => {
  const state = useSession()
  return () => h('p', `${state.value.status} ${state.value.status === 'signedIn' ? state.value.session.subject : ''}`)
})

function mount(component: Component, manager?: TokenManager): HTMLElement {
  const app = createApp(component)
  if (manager) app.use(tokenManagerPlugin(manager))
  const element = document.body.appendChild(document.createElement('div'))
  app.mount(element)
  apps.push(app)
  return element
}

/** Listeners hear in a turn of their own, and the page is drawn in the next one. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve))
  await nextTick()
}

describe('useSession', () => {
  it('follows sign-in and sign-out, and ends with its component', async () => {
    const manager = createTestTokenManager({ state: 'loading', claims: { sub: 'ann' } })
    const shows = ref(true)
    const element = mount(() => (shows.value ? h(Session) : h('i')), manager)
    expect(element.textContent).toBe('loading ')

    manager.set('signedIn')
    await settled()
    expect(element.textContent).toBe('signedIn ann')

    await manager.signOut()
    await settled()
    expect(element.textContent).toBe('signedOut ')

    const stop = vi.fn()
    vi.spyOn(manager, 'subscribe').mockImplementation(() => stop)
    shows.value = false
    await nextTick()
    shows.value = true
    await settled()
    shows.value = false
    await settled()
    expect(stop).toHaveBeenCalledOnce()
  })

  it('is loading on a server, where nothing is started, and while the page is hydrated', async () => {
    const manager = createTestTokenManager({ state: 'signedIn', claims: { sub: 'ann' } })
    const onServer = { ...createTestTokenManager({ state: 'loading' }), subscribe: vi.fn() }
    const html = await renderToString(createSSRApp(Session).use(tokenManagerPlugin(onServer)))
    expect(html).toBe('<p>loading </p>')
    expect(onServer.subscribe).not.toHaveBeenCalled()

    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const element = document.body.appendChild(document.createElement('div'))
    element.innerHTML = html
    const app = createSSRApp(Session).use(tokenManagerPlugin(manager))
    apps.push(app)
    app.mount(element)
    await settled()
    expect(element.innerHTML).toBe('<p>signedIn ann</p>')
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })

  it('says what is missing without the plugin, and outside of setup', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const missing = anErrorSaying('app.use(tokenManagerPlugin(tokens))') as Error
    expect(() => mount(Session)).toThrow(missing)
    expect(() => useTokenManager()).toThrow(missing)
    warn.mockRestore()
  })

  it('is a ref of the state by type', () => {
    const typed: () => Readonly<ShallowRef<SessionState>> = useSession
    expect(typed).toBe(useSession)
  })
})

describe('useAccessToken', () => {
  it('gives the token, each new one, that of another resource, and none after a sign-out', async () => {
    const manager = createTestTokenManager({ state: 'signedIn', accessToken: 'a' })
    const resource = ref('https://one.example/')
    const Token = defineComponent(() => {
      const token = useAccessToken(() => ({ resource: resource.value }))
      return () => h('p', `${token.value.accessToken?.value} ${token.value.accessToken?.resource}`)
    })
    const element = mount(Token, manager)
    await settled()
    expect(element.textContent).toBe('a https://one.example/')

    await manager.refresh()
    await settled()
    expect(element.textContent).toBe('a-1 https://one.example/')

    resource.value = 'https://two.example/'
    await settled()
    expect(element.textContent).toBe('a-1 https://two.example/')

    await manager.signOut()
    await settled()
    expect(element.textContent).toBe('undefined undefined')
  })
})

describe('requireSession', () => {
  const Page = (name: string) => defineComponent(() => () => h('p', name))

  function world(state: SessionState | 'signedIn' | 'signedOut' | 'loading', signedOut = '/sign-in') {
    const manager = createTestTokenManager({ state })
    const router: Router = createRouter({
      history: createMemoryHistory(),
      routes: [
        { path: '/', component: Page('home') },
        {
          path: '/notes',
          meta: { requiresSession: true },
          component: RouterView,
          children: [{ path: ':id', component: Page('note') }],
        },
        { path: '/sign-in', component: Page('sign in') },
        { path: '/callback', component: Page('never') },
      ],
    })
    const stop = requireSession(router, manager, { signedOut })
    return { manager, router, stop, url: () => router.currentRoute.value.fullPath }
  }

  it('sends who is not signed in to the page for that, and on once they are', async () => {
    const { manager, router, url } = world('signedOut')
    await router.push('/notes/1?a=b')
    expect(url()).toBe('/sign-in?returnTo=/notes/1?a=b')

    await manager.signIn()
    await settled()
    expect(url()).toBe('/notes/1?a=b')
  })

  it('leaves the route when the session ends on it, and signs nobody in', async () => {
    const { manager, router, url } = world('signedIn')
    await router.push('/notes/1')
    expect(url()).toBe('/notes/1')

    await manager.signOut()
    await settled()
    expect(url()).toBe('/sign-in?returnTo=/notes/1')
    expect(manager.calls.map(({ method }) => method)).toEqual(['signOut'])
  })

  it('leaves the other routes alone', async () => {
    const { manager, router, url } = world('signedIn')
    await router.push('/')
    await manager.signOut()
    await settled()
    expect(url()).toBe('/')
  })

  it('waits for the session before it decides', async () => {
    const { manager, router, url } = world('loading')
    const gone = router.push('/notes/1')
    await settled()
    manager.set('signedIn')
    await gone
    expect(url()).toBe('/notes/1')
  })

  it('sends everybody on from the callback', async () => {
    const { manager, router, url } = world('signedOut')
    await manager.signIn({ returnTo: '/notes/2' })
    await router.push('/callback?code=abc&state=def')
    expect(url()).toBe('/notes/2')

    const failed = world({ status: 'signedOut', reason: 'sign_in_failed', returnTo: '/notes/2' })
    await failed.router.push('/callback?error=access_denied')
    expect(failed.url()).toBe('/sign-in?returnTo=/notes/2')
  })

  it('ends when it is told to', async () => {
    const { manager, router, stop, url } = world('signedIn')
    await router.push('/notes/1')
    stop()
    await manager.signOut()
    await settled()
    expect(url()).toBe('/notes/1')
    await router.push('/notes/2')
    expect(url()).toBe('/notes/2')
  })

  it('lets everything pass on a server, where it follows nothing', async () => {
    const manager = { ...createTestTokenManager({ state: 'loading' }), subscribe: vi.fn() }
    const ready = async (): Promise<SessionState> => ({ status: 'loading' })
    const { router } = world('signedOut', '/')
    requireSession(router, { ...manager, ready }, { signedOut: '/' })
    await router.push('/sign-in')
    expect(manager.subscribe).not.toHaveBeenCalled()
  })
})

describe('USE-02: another target', () => {
  it('is never seen with the token of the one before', async () => {
    const manager = createTestTokenManager({ accessToken: 'at' })
    const api = ref('https://a.example/')
    const seen: string[] = []
    mount(
      defineComponent(() => {
        const token = useAccessToken(() => ({ resource: api.value }))
        watch([api, token], ([to, { accessToken }]) => {
          seen.push(`${to} ${accessToken ? 'a token' : 'none'}`)
        })
        return () => h('p')
      }),
      manager,
    )
    await settled()
    await settled()
    expect(seen.splice(0)).toEqual(['https://a.example/ a token'])
    api.value = 'https://b.example/'
    await settled()
    await settled()
    expect(seen).toEqual(['https://b.example/ none', 'https://b.example/ a token'])
  })
})
