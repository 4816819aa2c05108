/**
 * Set it to `true` in the options to allow `http:` for the issuer, its endpoints and resources on a loopback host (`127.0.0.1`,
 * `[::1]`, `localhost`), for development. Tokens then travel unencrypted on this machine.
 */
export const allowInsecureLoopback: unique symbol = Symbol('allowInsecureLoopback')

/** What a refusal of `http:` goes on with. */
export const LOOPBACK_HINT = ' (http on localhost needs [allowInsecureLoopback]: true)'
