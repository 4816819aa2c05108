/** A key pair for signatures, as it is stored. */
export interface SigningKey {
  /** JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2): `ES256`, `Ed25519` or `EdDSA`. */
  readonly alg: string
  /** A handle whose bytes cannot be read back; where the store keeps text only, the private JWK. */
  readonly privateKey: CryptoKey | JsonWebKey
  /** The public key: the members that make its thumbprint (RFC 7638 §3.2), and no others. */
  readonly publicKey: JsonWebKey
}

/** Signs with keys that stay on the platform. */
export interface Signing {
  /** A new key pair; rejects where the platform lacks `alg`. `extractable`: its private key is to be a JWK. */
  generate(alg: string, extractable: boolean): Promise<SigningKey>
  /** What signs with `key`, in the format of JWS (RFC 7518 §3.4: r and s); rejects if there is no such key any more. */
  signer(key: SigningKey): Promise<(data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array | ArrayBuffer>>
}
