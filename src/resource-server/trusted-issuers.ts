import { allowInsecureLoopback } from '../protocol/allow-insecure-loopback.ts'
import { Refusal } from './access-token-error.ts'
import { shown } from './found.ts'
import { invalidOption } from './invalid-option.ts'
import { type Issuer, type IssuerOptions, issuerFrom } from './issuer.ts'
import type { KeySetOptions } from './key-set.ts'
import { allowUntypedTokens, type ValidatorOptions } from './validator-options.ts'

/** The issuers whose tokens are accepted. */
export interface TrustedIssuers {
  readonly all: readonly Issuer[]
  /** The issuer that is asked about tokens that are no JWTs. `undefined` if there is none. */
  readonly introspecting: Issuer | undefined
  /**
   * The issuer of a token with this `iss`, which may be anything.
   * @throws Refusal `issuer_unknown`
   */
  of(iss: unknown): Issuer
}

/** The types that `allowUntypedTokens` allows, for issuers without the option `types`. */
const UNTYPED = ['at+jwt', 'jwt', undefined]

/** @throws TokenManagerError `ERR_INVALID_OPTION` naming the option */
export function trustedIssuers(options: ValidatorOptions, source: KeySetOptions): TrustedIssuers {
  const allowsInsecure = options[allowInsecureLoopback] === true
  const allowsUntyped = options[allowUntypedTokens] === true
  const given = [options.issuer].flat() as (string | IssuerOptions)[]
  const all = given.map((one) => issuerFrom(allowsUntyped ? untyped(one) : one, source, allowsInsecure))
  const byName = new Map(all.map((one) => [one.issuer, one]))
  if (all.length === 0 || byName.size < all.length)
    throw invalidOption('issuer has to name at least one issuer, each once')

  const [introspecting, ...others] = all.filter(({ introspection }) => introspection)
  // A token that is no JWT does not show its issuer. With two servers, it would be sent to a server that must not see it.
  if (others.length > 0) throw invalidOption('Only one issuer can have introspection')

  return {
    all,
    introspecting,
    of(iss) {
      const issuer = typeof iss === 'string' ? find(iss) : undefined
      if (issuer) return issuer

      const wanted = shown(all.map((one) => one.issuer))
      const detail = `iss is ${shown(iss)}, wanted ${wanted} (option issuer; a slash at the end counts)`
      throw new Refusal('issuer_unknown', detail)
    },
  }

  function find(iss: string): Issuer | undefined {
    const named = byName.get(iss)
    return named?.hasIssued(iss) ? named : all.find((one) => one.hasIssued(iss))
  }
}

/** The issuer with the types that `allowUntypedTokens` allows, unless it has the option `types`. */
function untyped(given: string | IssuerOptions): IssuerOptions {
  const described: IssuerOptions = typeof given === 'string' ? { issuer: given } : given
  return { ...described, types: described.types ?? UNTYPED }
}
