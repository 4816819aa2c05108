import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { memoryStore, queueLock, type Store } from '../../src/index.ts'
import { createSessionPool } from '../../src/node/create-session-pool.ts'
import { createTokenManager } from '../../src/node/create-token-manager.ts'
import { settle } from '../../src/node/settle.ts'

const issuer = 'https://as.example'
const metadata = {
  issuer,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/revoke`,
  device_authorization_endpoint: `${issuer}/device`,
}
let asked: string[] = []
/** Lets go what waits. */
let open = () => {}
afterEach(() => {
  open()
  asked = []
})

/** A store whose writes, and a server whose answers, wait at a gate. */
function place() {
  const inner = memoryStore<unknown>()
  const gates: { store?: Promise<void>; server?: Promise<void> } = {}
  const close = (what: 'store' | 'server') => {
    gates[what] = new Promise((resolve) => (open = resolve))
  }
  const store: Store<unknown> = {
    ...inner,
    async swap(...args) {
      await gates.store
      return inner.swap(...args)
    },
  }
  const options = {
    issuer,
    metadata,
    clientId: 'svc',
    store,
    resources: ['https://api.example/'],
    fetch: (async (input) => {
      asked.push(new URL(String(input)).pathname)
      await gates.server
      const body = {
        access_token: 'new',
        token_type: 'Bearer',
        expires_in: 300,
        refresh_token: 'rt2',
        device_code: 'd',
        user_code: 'c',
        verification_uri: `${issuer}/go`,
        interval: 0.01,
      }
      return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } })
    }) as typeof fetch,
  }
  return { options, close }
}

const tokens = () => ({ accessToken: 'at', refreshToken: 'rt', expiresAt: Date.now() - 1 })
/** Whether all is settled by now, or when the gate opens. */
async function settled() {
  const before = await settle({ limit: 30 })
  open()
  return { before, after: await settle() }
}

describe('settle', () => {
  it('has nothing to wait for where nothing is under way', async () => {
    expect(await settle()).toBe(true)
  })

  const kinds = {
    'a manager': (options: ReturnType<typeof place>['options']) => createTokenManager(options),
    'a manager with a lock of its own': (options: ReturnType<typeof place>['options']) =>
      createTokenManager({ ...options, lock: queueLock() }),
    'a session of a pool': (options: ReturnType<typeof place>['options']) => createSessionPool(options).get('a'),
    'a session of a pool with a lock of its own': (options: ReturnType<typeof place>['options']) =>
      createSessionPool({ ...options, lock: queueLock() }).get('a'),
  }
  it.each(Object.entries(kinds))('waits for what %s has sent or is storing', async (_, make) => {
    const { options, close } = place()
    const manager = make(options)
    close('store')
    const adopting = manager.adopt(tokens())
    expect(await settled()).toEqual({ before: false, after: true })
    await adopting

    close('server')
    const refreshing = manager.getAccessToken()
    while (!asked.includes('/token')) await sleep(1)
    expect(await settled()).toEqual({ before: false, after: true })
    expect((await refreshing).value).toBe('new')

    close('store')
    const signingOut = manager.signOut()
    expect(await settled()).toEqual({ before: false, after: true })
    expect(await (await signingOut).revoked).toBe('revoked')
    expect(asked.filter((path) => path === '/revoke')).not.toEqual([])
  })

  it('waits for what comes of what it waited for', async () => {
    const { options, close } = place()
    const manager = createTokenManager(options)
    let isSignedOut = false
    close('store')
    const adopting = manager.adopt(tokens())
    void adopting.then(async () => {
      close('store')
      setTimeout(open, 50)
      await manager.signOut()
      isSignedOut = true
    })
    const ended = settle()
    open()
    expect([await ended, isSignedOut]).toEqual([true, true])
  })

  it('waits for tokens that come from another device to be stored', async () => {
    const { options, close } = place()
    const manager = createTokenManager(options)
    const signingIn = manager.signInWithDevice({ prompt: () => close('server') })
    while (!asked.includes('/token')) await sleep(1)
    const ended = settle()
    open()
    expect([await ended, manager.state.status]).toEqual([true, 'signedIn'])
    await signingIn
  })

  it('waits for revocations', async () => {
    const { options, close } = place()
    const manager = createTokenManager(options)
    await manager.adopt(tokens())
    close('server')
    const { revoked } = await manager.signOut()
    expect(await settled()).toEqual({ before: false, after: true })
    expect(await revoked).toBe('revoked')
  })
})
