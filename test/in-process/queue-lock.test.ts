import { expect, it } from 'vitest'
import { queueLock } from '../../src/in-process/queue-lock.ts'
import { lockContract } from '../contracts/lock.ts'

lockContract('queueLock', () => {
  const lock = queueLock()
  return [lock, lock]
})

it('claims to exclude this process only, unless it is told that nobody else can open the store', () => {
  expect(queueLock().spans).toBe('process')
  expect(queueLock({ spans: 'store' }).spans).toBe('store')
})
