/**
 * Set it to `true` in the options to accept an ID token without `nonce` at sign-in, for servers that never give one back. A `nonce` that is
 * there still has to be the right one. What is lost: the ID token alone no longer shows that it belongs to this sign-in. PKCE still
 * shows it of the code (RFC 9700 §2.1.1).
 */
export const allowMissingNonce: unique symbol = Symbol('allowMissingNonce')
