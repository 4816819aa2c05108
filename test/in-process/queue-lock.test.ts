import { expect, it } from 'vitest'
import { queueLock } from '../../src/in-process/queue-lock.ts'
import { lockContract } from '../contracts/lock.ts'

lockContract('queueLock', () => {
  const lock = queueLock()
  return [lock, lock]
})

it('claims to exclude this process only', () => {
  expect(queueLock().spans).toBe('process')
})
