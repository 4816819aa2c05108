import type { TokenManagerOptions } from '../manager/options.ts'
import type { IssuerOptions } from '../resource-server/issuer.ts'

/**
 * The options of `createTokenManager` that a provider needs. Spread it into your options. Options that you write after it replace its own.
 */
export type ClientPreset = Partial<TokenManagerOptions> & Pick<TokenManagerOptions, 'issuer' | 'clientId'>

/** An `issuer` of a guard, with what a provider needs. */
export type ApiPreset = IssuerOptions

/** `refusedClaims` for access tokens that have the `nonce` of the sign-in: the default without `nonce`. */
export const refusedBesideNonce: readonly string[] = ['at_hash', 'c_hash', 's_hash', 'events']
