import { allowInsecureLoopback, createTokenManager, type SessionState } from 'tokenward/browser'
import { expect, it } from 'vitest'

const tokens = createTokenManager({
  issuer: 'http://127.0.0.1:1',
  clientId: 'spa',
  resources: ['https://api.example.com/'],
  [allowInsecureLoopback]: true,
})

// What React's useSyncExternalStore asks of the store it is given, here on a server.
it('gives the same snapshot until something changed, before the first use too', () => {
  expect(tokens.state).toEqual({ status: 'loading' })
  expect(tokens.state).toBe(tokens.state)
})

it('stays loading on a server, and says why a token call fails', async () => {
  const heard: SessionState[] = []
  tokens.subscribe((state) => heard.push(state))()
  expect(await tokens.ready()).toBe(heard[0])
  expect(heard).toEqual([{ status: 'loading' }])
  await expect(tokens.fetch('https://api.example.com/notes')).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
})
