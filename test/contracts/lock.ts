import { describe, expect, it } from 'vitest'
import type { Lock } from '../../src/ports.ts'

const never = new AbortController().signal

/** What every {@link Lock} does. `create` gives two contexts; those of a lock that spans a process are the same object. */
export function lockContract(name: string, create: () => readonly [Lock, Lock]): void {
  describe(`${name} keeps the Lock contract`, () => {
    it('runs one at a time, in the order of asking', async () => {
      const locks = create()
      const seen: string[] = []
      let inside = 0
      await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          locks[n % 2]!.request('n', { signal: never }, async () => {
            expect(++inside).toBe(1)
            await new Promise((resolve) => setTimeout(resolve, 1))
            inside--
            seen.push(`${n}`)
          }),
        ),
      )
      expect(seen).toEqual(Array.from({ length: 10 }, (_, n) => `${n}`))
    })

    it('keeps names apart', async () => {
      const [lock] = create()
      const result = await lock.request('a', { signal: never }, () =>
        lock.request('b', { signal: never }, async () => 7),
      )
      expect(result).toBe(7)
    })

    it('gives the result and the failure of the run, and goes on after either', async () => {
      const [lock, other] = create()
      await expect(lock.request('n', { signal: never }, () => Promise.reject(new Error('mine')))).rejects.toThrow(
        'mine',
      )
      const thrower = () => {
        throw new Error('at once')
      }
      await expect(lock.request('n', { signal: never }, thrower)).rejects.toThrow('at once')
      expect(await other.request('n', { signal: never }, async () => 'next')).toBe('next')
    })

    it('COO-04: ends a wait when aborted, with the reason, and never runs it', async () => {
      const [lock, other] = create()
      const { promise, resolve: release } = deferred()
      const holder = lock.request('n', { signal: never }, () => promise)
      const abort = new AbortController()
      let ran = false
      const waiter = other.request('n', { signal: abort.signal }, async () => {
        ran = true
      })
      const after = lock.request('n', { signal: never }, async () => 'after')
      abort.abort(new Error('waited long enough'))
      await expect(waiter).rejects.toThrow('waited long enough')
      release()
      await holder
      expect(await after).toBe('after')
      expect(ran).toBe(false)
      await expect(lock.request('n', { signal: abort.signal }, async () => 0)).rejects.toThrow('waited long enough')
    })

    it('COO-04: does not hear the signal once it runs', async () => {
      const [lock] = create()
      const abort = new AbortController()
      const result = lock.request('n', { signal: abort.signal }, async () => {
        abort.abort(new Error('too late'))
        await new Promise((resolve) => setTimeout(resolve, 1))
        return 'done'
      })
      expect(await result).toBe('done')
    })
  })
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
