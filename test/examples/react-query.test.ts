// @vitest-environment happy-dom
import { useQuery } from '@tanstack/react-query'
import { act, cleanup, render, screen } from '@testing-library/react'
import { createElement, type ReactElement } from 'react'
import { TokenManagerError } from 'tokenward'
import { RequireSession, TokenManagerProvider, useTokenManager } from 'tokenward/react'
import { createTestTokenManager, jsonResponse, type TestTokenManager } from 'tokenward/testing'
import { afterEach, expect, it, vi } from 'vitest'
import { PersonalQueries } from '../../examples/react-query.ts'

afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

function Notes(): ReactElement {
  const tokens = useTokenManager()
  const { data, error } = useQuery({
    queryKey: ['notes'],
    queryFn: async () => (await tokens.fetch('https://api.example.com/notes')).text(),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return createElement('p', { role: 'status' }, `${data ?? 'nothing yet'} ${error?.message ?? ''}`.trim())
}

function app(manager: TestTokenManager): ReactElement {
  const inside = createElement(PersonalQueries, null, createElement(Notes))
  return createElement(
    TokenManagerProvider,
    { manager },
    createElement(RequireSession, { signedOut: 'nobody' }, inside),
  )
}

const shown = () => screen.getByRole('status').textContent
const signedIn = (subject: string) =>
  ({ status: 'signedIn', health: 'ok', session: { subject, scope: '', signedInAt: 1 } }) as const

it("shows nobody another person's answers, not even while their own are on the way", async () => {
  const answers: ((response: Response) => void)[] = []
  const manager = createTestTokenManager({
    state: signedIn('ann'),
    answer: () => new Promise((resolve) => answers.push(resolve)),
  })
  render(app(manager))
  await expect.poll(() => answers.length).toBe(1)
  await act(async () => answers[0]?.(jsonResponse("ann's")))
  await expect.poll(() => shown()).toBe('"ann\'s"')

  await act(async () => manager.set(signedIn('bob')))
  await expect.poll(() => answers.length).toBe(2)
  expect(shown()).toBe('nothing yet')
  await act(async () => answers[1]?.(jsonResponse("bob's")))
  await expect.poll(() => shown()).toBe('"bob\'s"')
})

it('keeps the answers of the same person', async () => {
  const manager = createTestTokenManager({ state: signedIn('ann'), answer: () => jsonResponse('milk') })
  render(app(manager))
  await expect.poll(() => shown()).toBe('"milk"')
  await act(async () => manager.set({ ...signedIn('ann'), health: 'sign_in_suggested' }))
  expect(shown()).toBe('"milk"')
  expect(manager.requests.length).toBe(1)
})

it.each([
  ['the end of the session once', new TokenManagerError('ERR_SIGNED_OUT', 'rejected'), 1],
  ['an outage four times', new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable'), 4],
  ["what is not the manager's four times", new Error('no'), 4],
])('tries %s', async (_, error, tries) => {
  vi.useFakeTimers()
  const manager = createTestTokenManager({ state: signedIn('ann') })
  const fetch = vi.spyOn(manager, 'fetch').mockRejectedValue(error)
  render(app(manager))
  await act(() => vi.advanceTimersByTimeAsync(60_000))
  expect(fetch).toHaveBeenCalledTimes(tries)
})
