// @vitest-environment happy-dom
import '@angular/compiler'
import { HttpClient, type HttpErrorResponse, provideHttpClient, withInterceptors } from '@angular/common/http'
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing'
import { Component, type Signal } from '@angular/core'
import { getTestBed, TestBed } from '@angular/core/testing'
import { BrowserTestingModule, platformBrowserTesting } from '@angular/platform-browser/testing'
import { provideRouter, Router, RouterOutlet } from '@angular/router'
import { RouterTestingHarness } from '@angular/router/testing'
import { firstValueFrom } from 'rxjs'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  injectAccessToken,
  injectSession,
  injectTokenManager,
  provideTokenManager,
  requireSession,
  tokenInterceptor,
} from '../../src/angular/index.ts'
import type { SessionState, Target, TokenManager } from '../../src/index.ts'
import { createTestTokenManager, type TestTokenManagerOptions } from '../../src/testing/index.ts'

beforeAll(() => {
  getTestBed().initTestEnvironment(BrowserTestingModule, platformBrowserTesting())
})

afterEach(() => {
  TestBed.resetTestingModule()
})

/** Listeners hear in a turn of their own. */
const settled = () => new Promise((resolve) => setTimeout(resolve))

let components = 0

/** What the compiler makes of a class with a decorator. */
function component(template: string, type: new () => object = class {}, imports: (new () => object)[] = []) {
  Component({ selector: `app-page-${components++}`, template, imports })(type)
  return type
}

function within(manager: TokenManager, ...others: unknown[]): void {
  TestBed.configureTestingModule({ providers: [provideTokenManager(manager), ...others] })
}

describe('injectSession and injectAccessToken', () => {
  const Page = component(
    '{{ state().status }} {{ state().session?.subject }} {{ token().accessToken?.value }}',
    class {
      readonly state = injectSession()
      readonly token = injectAccessToken()
    },
  )

  it('follow sign-in, each new token and sign-out, and end with their component', async () => {
    const manager = createTestTokenManager({ state: 'loading', claims: { sub: 'ann' }, accessToken: 'a' })
    within(manager)
    const fixture = TestBed.createComponent(Page)
    const shown = async () => {
      await settled()
      await fixture.whenStable()
      return fixture.nativeElement.textContent.trim().replace(/\s+/g, ' ')
    }
    expect(await shown()).toBe('loading')

    manager.set('signedIn')
    expect(await shown()).toBe('signedIn ann a')

    await manager.refresh()
    expect(await shown()).toBe('signedIn ann a-1')

    await manager.signOut()
    expect(await shown()).toBe('signedOut')

    const { state, token } = fixture.componentInstance as { state: Signal<SessionState>; token: Signal<object> }
    fixture.destroy()
    manager.set('signedIn')
    await settled()
    expect(state().status).toBe('signedOut')
    expect(token()).toEqual({})
  })

  it('say what is missing', () => {
    expect(() => TestBed.runInInjectionContext(injectTokenManager)).toThrow(
      'No provider found for `InjectionToken provideTokenManager(tokens)`',
    )
  })
})

describe('requireSession', () => {
  const guard = requireSession({ signedOut: '/sign-in' })
  const routes = [
    { path: '', component: component('home') },
    {
      path: 'notes',
      component: component('<router-outlet />', class {}, [RouterOutlet]),
      canActivate: [guard],
      children: [{ path: ':id', component: component('note') }],
    },
    { path: 'sign-in', component: component('sign in'), canActivate: [guard] },
    { path: 'callback', component: component('never'), canActivate: [guard] },
  ]

  async function world(
    state: TestTokenManagerOptions['state'],
    manager = createTestTokenManager({ state: state ?? 'signedIn' }),
  ) {
    within(manager, provideRouter(routes))
    const harness = await RouterTestingHarness.create()
    const router = TestBed.inject(Router)
    return { manager, go: (url: string) => harness.navigateByUrl(url), url: () => router.url }
  }

  it('sends who is not signed in to the page for that, and on once they are', async () => {
    const { manager, go, url } = await world('signedOut')
    await go('/notes/1?a=b')
    expect(url()).toBe('/sign-in?returnTo=%2Fnotes%2F1%3Fa%3Db')

    await manager.signIn()
    await settled()
    expect(url()).toBe('/notes/1?a=b')
  })

  it('leaves the route when the session ends on it, and signs nobody in', async () => {
    const { manager, go, url } = await world('signedIn')
    await go('/notes/1')
    await go('/notes/2')
    expect(url()).toBe('/notes/2')

    await manager.signOut()
    await settled()
    expect(url()).toBe('/sign-in?returnTo=%2Fnotes%2F2')
    expect(manager.calls.map(({ method }) => method)).toEqual(['signOut'])
  })

  it('leaves the other routes alone', async () => {
    const { manager, go, url } = await world('signedIn')
    await go('/notes/1')
    await go('/')
    await manager.signOut()
    await settled()
    expect(url()).toBe('/')
  })

  it('sends everybody on from the callback', async () => {
    const { manager, go, url } = await world('signedOut')
    await manager.signIn({ returnTo: '/notes/2' })
    await go('/callback?code=abc&state=def')
    expect(url()).toBe('/notes/2')
  })

  it('ends with the application', async () => {
    const stop = vi.fn()
    const manager = { ...createTestTokenManager(), subscribe: vi.fn(() => stop) }
    const { go } = await world('signedIn', manager)
    await go('/notes/1')
    await go('/sign-in')
    expect(manager.subscribe).toHaveBeenCalledOnce()
    TestBed.resetTestingModule()
    expect(stop).toHaveBeenCalledOnce()
  })

  it('lets everything pass on a server', async () => {
    const ready = async (): Promise<SessionState> => ({ status: 'loading' })
    const { go, url } = await world('loading', { ...createTestTokenManager({ state: 'loading' }), ready })
    await go('/notes/1')
    expect(url()).toBe('/notes/1')
  })
})

describe('tokenInterceptor', () => {
  const api = 'https://api.example/'
  const unauthorized = { status: 401, statusText: 'Unauthorized' }

  function world(options: TestTokenManagerOptions = {}, targetOf?: () => Target) {
    const manager = createTestTokenManager({ accessToken: 'a', resources: [api], ...options })
    within(manager, provideHttpClient(withInterceptors([tokenInterceptor(targetOf)])), provideHttpClientTesting())
    const http = TestBed.inject(HttpClient)
    const backend = TestBed.inject(HttpTestingController)
    const sent = async (url: string) => {
      await settled()
      return backend.expectOne(url)
    }
    return { manager, http, backend, sent, get: (url: string) => firstValueFrom(http.get(url)) }
  }
  const authorization = (request: { request: { headers: { get(name: string): string | null } } }) =>
    request.request.headers.get('Authorization')

  it('gives listed requests their token, and others none', async () => {
    const { get, sent } = world()
    const notes = get(`${api}notes`)
    const request = await sent(`${api}notes`)
    expect(authorization(request)).toBe('Bearer a')
    request.flush(['milk'])
    expect(await notes).toEqual(['milk'])

    for (const url of ['https://other.example/', '/assets/de.json', 'http://api.example/']) {
      const other = get(url)
      const bare = await sent(url)
      expect(authorization(bare)).toBeNull()
      bare.flush('no', unauthorized)
      await expect(other).rejects.toMatchObject({ status: 401 })
    }
  })

  it('judges the URL with its parameters, as it is sent', async () => {
    const { manager, http, sent } = world()
    const headersFor = vi.spyOn(manager, 'headersFor')
    const result = firstValueFrom(http.delete(`${api}notes`, { params: { id: 1 } }))
    ;(await sent(`${api}notes?id=1`)).flush(null)
    await result
    expect(headersFor.mock.calls).toEqual([[`${api}notes?id=1`, 'DELETE']])
  })

  it('replaces a refused token once, whatever the request carries', async () => {
    const { manager, http, sent } = world()
    const result = firstValueFrom(http.post(`${api}notes`, { text: 'milk' }))
    ;(await sent(`${api}notes`)).flush(null, {
      ...unauthorized,
      headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    })
    const second = await sent(`${api}notes`)
    expect(authorization(second)).toBe('Bearer a-1')
    expect(second.request.body).toEqual({ text: 'milk' })
    second.flush({ id: 1 })
    expect(await result).toEqual({ id: 1 })
    expect(manager.calls).toEqual([{ method: 'refresh', argument: { reason: 'token_rejected' } }])
  })

  it('is told by the challenge of its own scheme, as `fetch` is', async () => {
    const { get, sent } = world()
    const result = get(`${api}a`)
    const headers = { 'WWW-Authenticate': 'DPoP error="invalid_dpop_proof", Bearer' }
    ;(await sent(`${api}a`)).flush('no', { ...unauthorized, headers })
    const second = await sent(`${api}a`)
    expect(authorization(second)).toBe('Bearer a-1')
    second.flush(1)
    expect(await result).toBe(1)
  })

  it('refreshes once for requests that are refused one after the other', async () => {
    const { manager, get, sent } = world()
    const results = [get(`${api}a`), get(`${api}b`)]
    const [a, b] = [await sent(`${api}a`), await sent(`${api}b`)]
    a.flush(null, unauthorized)
    ;(await sent(`${api}a`)).flush(1)
    b.flush(null, unauthorized)
    const second = await sent(`${api}b`)
    expect(authorization(second)).toBe('Bearer a-1')
    second.flush(2)
    expect(await Promise.all(results)).toEqual([1, 2])
    expect(manager.calls.length).toBe(1)
  })

  it('hands a second refusal on, and does not refresh again for that token', async () => {
    const { manager, get, sent } = world()
    const first = get(`${api}a`)
    ;(await sent(`${api}a`)).flush(null, unauthorized)
    ;(await sent(`${api}a`)).flush('still', unauthorized)
    await expect(first).rejects.toMatchObject({ status: 401, error: 'still' })

    const later = get(`${api}a`)
    ;(await sent(`${api}a`)).flush('still', unauthorized)
    await expect(later).rejects.toMatchObject({ status: 401 })
    expect(manager.calls.length).toBe(1)
  })

  it.each([
    ['403', { status: 403, statusText: 'Forbidden' }],
    ['500', { status: 500, statusText: 'Error' }],
    [
      'a step-up',
      { ...unauthorized, headers: { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication"' } },
    ],
  ])('hands on %s', async (_, answer) => {
    const { manager, get, sent } = world()
    const result = get(`${api}a`)
    ;(await sent(`${api}a`)).flush('why', answer)
    await expect(result).rejects.toMatchObject({
      status: answer.status,
      error: 'why',
    } satisfies Partial<HttpErrorResponse>)
    expect(manager.calls).toEqual([])
  })

  it("hands on the API's answer when no other token is to be had", async () => {
    const { manager, get, sent } = world()
    const result = get(`${api}a`)
    const request = await sent(`${api}a`)
    Object.assign(manager, { refresh: () => Promise.reject(new Error('offline')) })
    request.flush('why', unauthorized)
    await expect(result).rejects.toMatchObject({ status: 401, error: 'why' })
  })

  it('refreshes the token of the request, where there are several', async () => {
    const target = { resource: 'https://two.example/' }
    const { manager, get, sent } = world({}, () => target)
    const result = get(`${api}a`)
    ;(await sent(`${api}a`)).flush(null, unauthorized)
    ;(await sent(`${api}a`)).flush(1)
    await result
    expect(manager.calls).toEqual([{ method: 'refresh', argument: { ...target, reason: 'token_rejected' } }])
  })

  it('fails when nobody is signed in', async () => {
    const { get } = world({ state: 'signedOut' })
    await expect(get(`${api}a`)).rejects.toMatchObject({ code: 'ERR_SIGNED_OUT' })
  })
})
