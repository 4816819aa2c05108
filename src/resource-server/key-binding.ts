import { Refusal } from './access-token-error.ts'
import type { Credentials, GuardedRequest } from './credentials.ts'
import type { DpopProofs } from './dpop-proof.ts'
import type { Validated } from './validator.ts'

const NO_BINDING: Readonly<Record<string, unknown>> = {}

/**
 * Checks that the client has the key that the token is bound to (RFC 9449 §7.2).
 * @param proofs `undefined` if the API takes no proofs
 * @returns the check of the proof. `undefined` if the token is bound to no key
 * @throws Refusal `binding_mismatch`
 */
export function checkBinding(
  request: GuardedRequest,
  { scheme, token }: Credentials,
  { claims, tokenType }: Validated,
  proofs: DpopProofs | undefined,
): ReturnType<DpopProofs['check']> | undefined {
  const { jkt, ...others } = claims.cnf ?? NO_BINDING
  // The token is bound to something that is not checked here, such as a certificate (RFC 8705). It must not pass without that check.
  if (Object.keys(others).length > 0) throw mismatch('it is bound to something other than a DPoP key')
  if (jkt === undefined) {
    if (scheme === 'DPoP') throw mismatch('a token that is bound to no key came as DPoP')
    if (proofs?.required) throw mismatch('it is bound to no key')
    return undefined
  }

  if (!proofs) throw mismatch('it is bound to a key and option dpop is not set')
  if (scheme === 'Bearer') throw mismatch('a token that is bound to a key came as Bearer')
  if (tokenType !== undefined && tokenType.toLowerCase() !== 'dpop')
    throw mismatch('the introspection answer has another token_type')
  return proofs.check(request, token, jkt)
}

function mismatch(detail: string): Refusal {
  return new Refusal('binding_mismatch', detail)
}
