/**
 * An option for servers that never put a `nonce` into the ID token. Set it to `true` to accept an ID token without `nonce` at sign-in. A
 * `nonce` that is there still has to be the right one. Without it the ID token alone does not prove that it belongs to this sign-in. PKCE
 * still proves that the code does (RFC 9700 §2.1.1). Default false.
 */
export const allowMissingNonce: unique symbol = Symbol('allowMissingNonce')
