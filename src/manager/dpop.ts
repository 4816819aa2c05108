import { webSigning } from '../in-process/web-signing.ts'
import { type DpopOptions, type DpopProver, dpopProver, type ProverPlatform } from '../protocol/dpop.ts'

/** What `dpop()` returns, for the option `dpop`. */
export interface Dpop {
  /** The options of `dpop()`. */
  readonly options: DpopOptions
  /** Called by the manager. */
  start(platform: ProverPlatform): DpopProver
}

/**
 * Binds tokens to a key that stays on this platform (DPoP, RFC 9449). Each sign-in makes a key pair that cannot be exported and is kept with the
 * session. Every request proves that it has the key, so a copied token is useless. The authorization server has to offer DPoP
 * (`dpop_signing_alg_values_supported`), and the APIs have to accept it. If the server does not offer it, tokens are Bearer tokens, and the
 * event `dpop_not_bound` says so; with `required` the sign-in fails.
 */
export function dpop(options: DpopOptions = {}): Dpop {
  return { options, start: (platform) => dpopProver({ signing: webSigning, ...options }, platform) }
}
