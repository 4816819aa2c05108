import { TokenManagerError } from '../errors.ts'
import { systemClock } from '../in-process/system-clock.ts'

/**
 * What `work` gives, within `timeout` ms: a client that has lost its connection waits for ever.
 * @throws TokenManagerError `ERR_TEMPORARILY_UNAVAILABLE` where it fails or is late
 */
export async function within<T>(timeout: number, work: Promise<T>): Promise<T> {
  let stop = () => {}
  const late = new Promise<never>((_, reject) => {
    stop = systemClock.at(systemClock.elapsed() + timeout, () => reject(new Error('late')))
  })
  try {
    return await Promise.race([work, late])
  } catch (cause) {
    throw new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'store_failed', 'Redis did not answer', { cause })
  } finally {
    stop()
  }
}
