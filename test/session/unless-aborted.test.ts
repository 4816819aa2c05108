import { describe, expect, it } from 'vitest'
import { queueLock } from '../../src/in-process/queue-lock.ts'
import { unlessAborted } from '../../src/session/unless-aborted.ts'

const never = new Promise<never>(() => {})

/** React Native's signals have no `reason`. */
function reasonless(controller: AbortController): AbortSignal {
  return Object.defineProperty(controller.signal, 'reason', { value: undefined })
}

describe('a wait that is aborted', () => {
  it('rejects with the reason of its signal', async () => {
    const controller = new AbortController()
    const waits = unlessAborted(never, controller.signal)
    controller.abort('enough')
    await expect(waits).rejects.toBe('enough')
  })

  it('rejects with an AbortError where signals have no reason', async () => {
    const controller = new AbortController()
    const signal = reasonless(controller)
    const waits = unlessAborted(never, signal)
    const lock = queueLock()
    void lock.request('a', { signal: new AbortController().signal }, () => never)
    const queues = lock.request('a', { signal }, async () => {})
    controller.abort()
    await expect(waits).rejects.toMatchObject({ name: 'AbortError' })
    await expect(queues).rejects.toMatchObject({ name: 'AbortError' })
    await expect(unlessAborted(never, signal)).rejects.toMatchObject({ name: 'AbortError' })
  })
})
