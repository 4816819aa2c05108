import { act, configure, fireEvent, render, screen, waitFor } from '@testing-library/react-native'
import { Button, Text } from 'react-native'
import {
  alwaysOnline,
  createTokenManager,
  memoryStore,
  noChannel,
  queueLock,
  systemClock,
  type TokenManager,
} from 'tokenward'
import { RequireSession, TokenManagerProvider, useAccessToken, useSession, useTokenManager } from 'tokenward/react'
import { scriptedAuthorizationServer } from 'tokenward/testing'

// The first time a component of React Native is shown, Jest translates it: on a busy machine that takes its time.
configure({ asyncUtilTimeout: 60_000 })
jest.setTimeout(180_000)

function Screen() {
  const tokens = useTokenManager()
  const state = useSession()
  const { accessToken } = useAccessToken()
  return (
    <>
      <Text testID="token">{accessToken?.value ?? 'no token'}</Text>
      <Text testID="status">{state.status}</Text>
      <Button title="Refresh" onPress={() => void tokens.refresh()} />
      <Button title="Sign out" onPress={() => void tokens.signOut()} />
    </>
  )
}

function SignIn({ reason }: { readonly reason: string }) {
  const tokens = useTokenManager()
  return <Button title={`Sign in (${reason})`} onPress={() => void tokens.signIn()} />
}

function world() {
  const server = scriptedAuthorizationServer(Date.now)
  const tokens = createTokenManager(
    {
      issuer: server.issuer,
      clientId: 'app',
      redirectUri: 'com.example.app:/callback',
      resources: ['https://api.example.com/'],
    },
    {
      store: memoryStore(),
      lock: queueLock(),
      channel: noChannel,
      lifecycle: alwaysOnline,
      clock: systemClock,
      fetch: server.fetch,
      crypto: {
        randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(Math.random() * 256)),
        sha256: async () => new Uint8Array(32),
      },
      userAgent: { callbackUrl: () => undefined, authorize: async (url) => server.authorize(url) },
    },
  )
  return { server, tokens }
}

const show = (tokens: TokenManager) =>
  render(
    <TokenManagerProvider manager={tokens}>
      <RequireSession loading={<Text>One moment</Text>} signedOut={({ reason }) => <SignIn reason={reason} />}>
        <Screen />
      </RequireSession>
    </TokenManagerProvider>,
  )

const shownToken = () => screen.getByTestId('token').props.children

const managers: TokenManager[] = []
afterEach(() => {
  for (const tokens of managers) tokens.dispose()
})

test('a person signs in, the token is refreshed, and they sign out', async () => {
  const { server, tokens } = world()
  managers.push(tokens)
  show(tokens)
  expect(screen.getByText('One moment')).toBeTruthy()

  fireEvent.press(await screen.findByText('Sign in (none)'))
  expect((await screen.findByTestId('status')).props.children).toBe('signedIn')
  await waitFor(() => expect(shownToken()).not.toBe('no token'))
  const first = shownToken()

  fireEvent.press(screen.getByText('Refresh'))
  await waitFor(() => expect(shownToken()).not.toBe(first))
  expect(screen.getByTestId('status').props.children).toBe('signedIn')

  fireEvent.press(screen.getByText('Sign out'))
  expect(await screen.findByText('Sign in (signed_out)')).toBeTruthy()
  expect(screen.queryByTestId('token')).toBeNull()
  expect(server.revoked.length).toBeGreaterThan(0)
})

test('a session that the server ends is shown to the person', async () => {
  const { server, tokens } = world()
  managers.push(tokens)
  await tokens.adopt({ ...server.issue(), expiresAt: Date.now() + 300_000 })
  show(tokens)
  expect(await screen.findByTestId('status')).toBeTruthy()

  server.revokeAll()
  await act(() => tokens.refresh().catch(() => {}))
  expect(await screen.findByText(/^Sign in/)).toBeTruthy()
})

test('a component outside of a provider is told what it lacks', () => {
  jest.spyOn(console, 'error').mockImplementation(() => {})
  expect(() => render(<Screen />)).toThrow('There is no <TokenManagerProvider manager={…}>')
})
