import { webSigning } from '../in-process/web-signing.ts'
import { type DpopOptions, type DpopProver, dpopProver, type ProverPlatform } from '../protocol/dpop.ts'

/** What `dpop()` makes: the option `dpop`. */
export interface Dpop {
  /** What it was made with. */
  readonly options: DpopOptions
  /** For the manager. */
  start(platform: ProverPlatform): DpopProver
}

/**
 * Binds tokens to a key that stays on this platform (DPoP, RFC 9449), where the authorization server's metadata offers it
 * (`dpop_signing_alg_values_supported`): each sign-in makes a key pair that cannot be exported, kept with the session, and every
 * request proves its possession. A copied token is then of no use without the key. Where the server does not offer it, tokens are
 * Bearer tokens and the event `dpop_not_bound` says so, unless it is `required`. The APIs have to accept DPoP too.
 */
export function dpop(options: DpopOptions = {}): Dpop {
  return { options, start: (platform) => dpopProver({ signing: webSigning, ...options }, platform) }
}
