import type { TokenManager } from 'tokenward'
import { createTestTokenManager, jsonResponse } from 'tokenward/testing'

/** A component of an application: it shows who is signed in, and what the API says. */
export function greeting(tokens: TokenManager) {
  let text = ''
  const stop = tokens.subscribe((state) => {
    if (state.status === 'loading') text = 'One moment …'
    else if (state.status === 'signedOut') text = 'Please sign in'
    else text = `Hello ${state.session.claims?.name}${state.health === 'suspended' ? ' (offline)' : ''}`
  })
  return {
    text: () => text,
    notes: async () => (await tokens.fetch('https://api.example.com/notes')).json(),
    leave: () => tokens.signOut(),
    stop,
  }
}

/** Its test. It needs no server, no storage and no timers. `expect` is from your test runner. */
export async function testGreeting(expect: (actual: unknown) => { toEqual(expected: unknown): void }) {
  const tokens = createTestTokenManager({
    state: 'loading',
    claims: { sub: 'alice', name: 'Alice' },
    answer: () => jsonResponse(['milk']),
  })
  const component = greeting(tokens)
  expect(component.text()).toEqual('One moment …')

  tokens.set('signedIn')
  await tokens.ready()
  expect(component.text()).toEqual('Hello Alice')
  expect(await component.notes()).toEqual(['milk'])
  expect(tokens.requests[0]?.headers.get('authorization')).toEqual('Bearer test-access-token')

  tokens.set('suspended')
  await tokens.ready()
  expect(component.text()).toEqual('Hello Alice (offline)')

  await component.leave()
  expect(component.text()).toEqual('Please sign in')
  expect(tokens.calls).toEqual([{ method: 'signOut', argument: undefined }])
  component.stop()
}
