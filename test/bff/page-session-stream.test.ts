import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { pause } from '../../src/bff/page/session-stream.ts'

it('a pause ends at once when its signal is aborted, and a tab that pauses often keeps no listener for each', async () => {
  const leaving = new AbortController()
  for (let reconnects = 0; reconnects < 100; reconnects++) await pause(-1, leaving.signal)
  expect(getEventListeners(leaving.signal, 'abort').length).toBeLessThan(2)

  const long = pause(600_000, leaving.signal)
  leaving.abort()
  await long
})
