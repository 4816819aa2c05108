import { expect, it } from 'vitest'
import { type AccessTokenState, followAccessToken } from '../../src/manager/follow-access-token.ts'
import type { AccessToken } from '../../src/protocol/access-token.ts'
import type { SessionState } from '../../src/session/state.ts'
import { createTestTokenManager } from '../../src/testing/index.ts'

const settled = () => new Promise((resolve) => setTimeout(resolve))
const signedIn = (signedInAt: number): SessionState => ({
  status: 'signedIn',
  health: 'ok',
  session: { scope: '', signedInAt },
})

/** A manager whose answers are given by hand. */
function world() {
  const answers: ((value: string) => void)[] = []
  const seen: (string | undefined)[] = []
  const manager = createTestTokenManager({ state: signedIn(1) })
  const getAccessToken = () =>
    new Promise((resolve) => answers.push((value) => resolve({ value, type: 'Bearer', scope: '' } as AccessToken)))
  Object.assign(manager, { getAccessToken })
  const show = ({ accessToken }: AccessTokenState) => void seen.push(accessToken?.value)
  return { answers, seen, manager, stop: followAccessToken(manager, {}, show) }
}

it('never tells of a token that comes after its person has left', async () => {
  const { answers, seen, manager } = world()
  manager.set(signedIn(2))
  await settled()
  answers[0]?.("ann's")
  await settled()
  expect(seen.filter(Boolean)).toEqual([])

  answers[1]?.("bob's")
  await settled()
  expect(seen.at(-1)).toBe("bob's")

  await manager.signOut()
  await settled()
  expect(seen.at(-1)).toBeUndefined()
})

it('never goes back to an older token', async () => {
  const { answers, seen, manager } = world()
  manager.emit('adopted', {})
  await settled()
  answers[1]?.('new')
  answers[0]?.('old')
  await settled()
  expect(seen.filter(Boolean)).toEqual(['new'])
})

it('is silent after its end', async () => {
  const { answers, seen, manager, stop } = world()
  const before = seen.length
  stop()
  answers[0]?.('late')
  manager.set(signedIn(2))
  await settled()
  expect(seen.length).toBe(before)
})
