// @vitest-environment happy-dom
import { build, type Plugin } from 'esbuild'
import { compile } from 'svelte/compiler'
import { get } from 'svelte/store'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { SessionState, TokenManager } from '../../src/index.ts'
import { accessToken, requireSession, session } from '../../src/svelte/index.ts'
import { createTestTokenManager } from '../../src/testing/index.ts'

/** Listeners hear in a turn of their own. */
const settled = () => new Promise((resolve) => setTimeout(resolve))

const source = `
<script>
  import { accessToken, session } from '../../src/svelte/index.ts'

  const { tokens } = $props()
  const state = $derived(session(tokens))
  const token = $derived(accessToken(tokens))
  const name = $derived(state.current.session?.subject)
</script>

<p>{state.current.status} {name} {token.current.accessToken?.value} {$tokens.status}</p>`

const program = `
import { flushSync, mount, unmount } from 'svelte'
import Session from 'session.svelte'

export function show(target, tokens) {
  const component = mount(Session, { target, props: { tokens } })
  flushSync()
  return () => unmount(component)
}`

/** As an app's bundler does it: the compiler first, and what Svelte has for browsers. */
async function bundle(): Promise<string> {
  const { js } = compile(source, { generate: 'client', filename: 'session.svelte' })
  const component: Plugin = {
    name: 'svelte',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.svelte$/ }, ({ path }) => ({ path, namespace: 'svelte' }))
      onLoad({ filter: /./, namespace: 'svelte' }, () => ({ contents: js.code, resolveDir: import.meta.dirname }))
    },
  }
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'iife',
    globalName: 'component',
    conditions: ['browser'],
    plugins: [component],
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

describe('a component with runes', () => {
  let show: (target: HTMLElement, tokens: TokenManager) => () => void

  beforeAll(async () => {
    const { show: shown } = new Function(`${await bundle()}; return component`)()
    show = shown
  })

  it('follows sign-in, each new token and sign-out, and ends with its component', async () => {
    const manager = createTestTokenManager({ state: 'loading', claims: { sub: 'ann' }, accessToken: 'a' })
    const target = document.createElement('div')
    const end = show(target, manager)
    expect(target.textContent).toBe('loading   loading')

    manager.set('signedIn')
    await settled()
    expect(target.textContent).toBe('signedIn ann a signedIn')

    await manager.refresh()
    await settled()
    expect(target.textContent).toBe('signedIn ann a-1 signedIn')

    await manager.signOut()
    await settled()
    expect(target.textContent).toBe('signedOut   signedOut')

    end()
    manager.set('signedIn')
    await settled()
    expect(target.textContent).not.toContain('ann')
  })
})

describe('the stores', () => {
  it('can be read once', async () => {
    const manager = createTestTokenManager({ state: 'signedIn', claims: { sub: 'ann' } })
    expect(session(manager).current).toBe(manager.state)
    const state: SessionState = get(manager)
    expect(state).toBe(manager.state)
  })

  it('forget the token that they showed when they are heard again', async () => {
    const manager = createTestTokenManager({ state: 'signedIn', accessToken: 'a' })
    const token = accessToken(manager, { resource: 'https://api.example/' })
    const seen: (string | undefined)[] = []
    const stop = token.subscribe(({ accessToken: shown }) => seen.push(shown?.value))
    await settled()
    expect(seen).toEqual([undefined, 'a'])
    stop()

    await manager.signOut()
    expect(get(token)).toEqual({})
    expect(token.current).toEqual({})
  })
})

describe('requireSession', () => {
  class Redirect {
    readonly status: number
    readonly location: string

    constructor(status: number, location: string) {
      this.status = status
      this.location = location
    }
  }

  /** As SvelteKit does it: a `load` runs again when what it depends on is invalidated, and throws to redirect. */
  function kit(manager: TokenManager) {
    const depended = new Set<string>()
    const invalidate = vi.fn(async (_: string) => {})
    const redirect = (status: 303, location: string): never => {
      throw new Redirect(status, location)
    }
    const load = requireSession(manager, { signedOut: '/sign-in', redirect, invalidate })
    const go = (path: string) => {
      const url = new URL(path, 'https://app.example')
      return load({ url, depends: (dependency) => void depended.add(dependency) })
    }
    return { go, invalidate, depended }
  }

  it('sends who is not signed in to the page for that, and on once they are', async () => {
    const manager = createTestTokenManager({ state: 'signedOut' })
    const { go, invalidate, depended } = kit(manager)
    await expect(go('/notes?a=b')).rejects.toEqual(new Redirect(303, '/sign-in?returnTo=%2Fnotes%3Fa%3Db'))
    expect(depended).toEqual(new Set(['tokenward:session']))
    await settled()
    expect(invalidate).not.toHaveBeenCalled()

    await manager.signIn()
    await settled()
    expect(invalidate.mock.calls).toEqual([['tokenward:session']])
    await expect(go('/sign-in?returnTo=%2Fnotes')).rejects.toEqual(new Redirect(303, '/notes'))
    await expect(go('/callback?code=a&state=b')).rejects.toEqual(new Redirect(303, '/'))
    await expect(go('/notes')).resolves.toMatchObject({ session: { subject: 'test-user' } })
  })

  it('has the page loaded again when the session ends, once, and signs nobody in', async () => {
    const manager = createTestTokenManager({ state: 'signedIn' })
    const { go, invalidate } = kit(manager)
    await go('/notes')
    await go('/notes?page=2')
    await manager.signOut()
    await settled()
    expect(invalidate).toHaveBeenCalledOnce()
    await expect(go('/notes')).rejects.toEqual(new Redirect(303, '/sign-in?returnTo=%2Fnotes'))
    expect(manager.calls.map(({ method }) => method)).toEqual(['signOut'])
  })

  it('lets everything pass on a server, where it follows nothing', async () => {
    const subscribe = vi.fn()
    const ready = async (): Promise<SessionState> => ({ status: 'loading' })
    const { go } = kit({ ...createTestTokenManager({ state: 'loading' }), subscribe, ready })
    await expect(go('/notes')).resolves.toEqual({ session: undefined })
    expect(subscribe).not.toHaveBeenCalled()
  })
})
