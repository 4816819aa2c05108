import { TokenManagerError } from '../errors.ts'
import type { ClientAuthentication } from '../ports.ts'

/** @throws TokenManagerError `ERR_INVALID_OPTION` for anything but a way to authenticate, or none */
export function checkClientAuthentication(given: ClientAuthentication | undefined): void {
  if (given !== undefined && typeof given?.authenticate !== 'function')
    throw new TokenManagerError(
      'ERR_INVALID_OPTION',
      'invalid_option',
      'Option clientAuthentication has to be clientSecretBasic(), clientSecretPost(), privateKeyJwt() or mutualTls()',
    )
}
