import type { TokenManagerOptions } from '../manager/options.ts'
import type { IssuerOptions } from '../resource-server/issuer.ts'

/**
 * What a provider needs among the options of `createTokenManager`: spread it, and add what is yours. What comes after it in the
 * literal replaces what it says.
 */
export type ClientPreset = Partial<TokenManagerOptions> & Pick<TokenManagerOptions, 'issuer' | 'clientId'>

/** What a provider needs as an `issuer` of a guard. */
export type ApiPreset = IssuerOptions

/** `refusedClaims` where access tokens have the `nonce` of the sign-in: the default but for that. */
export const refusedBesideNonce: readonly string[] = ['at_hash', 'c_hash', 's_hash', 'events']
