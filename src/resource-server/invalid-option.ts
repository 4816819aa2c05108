import { TokenManagerError } from '../errors.ts'

/** `ERR_INVALID_OPTION`; `message` names the option and what it has to be. */
export function invalidOption(message: string): TokenManagerError {
  return new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', message)
}
