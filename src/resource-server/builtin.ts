/** A public key of Node's. */
interface KeyObject {
  readonly asymmetricKeyDetails?: { readonly modulusLength?: number }
}

interface VerifyOptions {
  readonly key: KeyObject
  readonly dsaEncoding: 'ieee-p1363'
  readonly padding?: number | undefined
  readonly saltLength?: number | undefined
}

interface Builtins {
  'node:crypto': {
    createHash(name: string): { update(text: string): { digest(encoding: 'base64url'): string } }
    hash?(name: string, text: string, encoding: 'base64url'): string
    createPublicKey(from: { readonly key: object; readonly format: 'jwk' }): KeyObject
    verify(hash: string | null, data: Uint8Array, how: VerifyOptions, signature: Uint8Array): boolean
    readonly constants: { readonly RSA_PKCS1_PSS_PADDING: number }
  }
  'node:buffer': {
    readonly Buffer: {
      from(
        text: string,
        encoding: 'base64url' | 'latin1',
      ): Uint8Array<ArrayBuffer> & { toString(encoding: 'utf8'): string }
    }
    isUtf8(bytes: Uint8Array): boolean
  }
}

/** `Uint8Array<ArrayBuffer>`, which TypeScript before 5.7 has not. */
export type Bytes = ReturnType<typeof Uint8Array.from>

/**
 * A module of Node's, where the platform has it (Node, Bun, Deno, Workers with Node's compatibility): it does in one turn, or in
 * less time, what the Web's interfaces do as well. `undefined` elsewhere; nothing depends on it.
 */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): Builtins[Name] | undefined } }
  return process?.getBuiltinModule?.(name)
}
