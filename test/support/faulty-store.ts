import { TokenManagerError } from '../../src/errors.ts'
import type { Store } from '../../src/ports.ts'

/** What an operation is to suffer. `after`: the write happens, and its answer is a failure all the same. */
export type Fault = 'before' | 'after' | undefined

/** A {@link Store} that can be made to fail. */
export interface FaultyStore<V> extends Store<V> {
  /** Asked before each operation; default: no fault. */
  fault: (operation: 'get' | 'swap', key: string, value: V | undefined) => Fault
  /** Awaited before each operation; default: nothing. */
  delay: (operation: 'get' | 'swap', key: string) => Promise<void>
  /** How many operations began. */
  readonly count: { get: number; swap: number }
}

/** `store`, failing with `ERR_STORE_FAILED` and waiting as `fault` and `delay` say. */
export function faultyStore<V>(store: Store<V>): FaultyStore<V> {
  const faulty: FaultyStore<V> = {
    fault: () => undefined,
    delay: async () => {},
    count: { get: 0, swap: 0 },
    get: (key) => suffer('get', key, undefined, () => store.get(key)),
    swap: (key, tag, value, options) => suffer('swap', key, value, () => store.swap(key, tag, value, options)),
  }
  const suffer = async <T>(operation: 'get' | 'swap', key: string, value: V | undefined, run: () => Promise<T>) => {
    faulty.count[operation]++
    const fault = faulty.fault(operation, key, value)
    await faulty.delay(operation, key)
    if (fault === 'before') throw failure()
    const result = await run()
    if (fault === 'after') throw failure()
    return result
  }
  return faulty
}

function failure(): TokenManagerError {
  return new TokenManagerError('ERR_STORE_FAILED', 'store_failed', 'The storage failed, as it was told to.')
}
