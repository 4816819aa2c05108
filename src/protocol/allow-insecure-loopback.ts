/**
 * An option for development. Set it to `true` to allow `http:` URLs for the issuer, its endpoints and `resources`, if their host is
 * `127.0.0.1`, `[::1]` or `localhost`. Tokens then go unencrypted from one program on this machine to another. Default false.
 */
export const allowInsecureLoopback: unique symbol = Symbol('allowInsecureLoopback')

/** The beginning of an `http:` URL whose host is this machine. */
export const LOOPBACK = /^http(?=:\/\/(127\.0\.0\.1|localhost|\[::1])(:\d+)?([/?]|$))/

/** The end of a message that refuses an `http:` URL. */
export const LOOPBACK_HINT = ' (http on localhost needs [allowInsecureLoopback]: true)'
