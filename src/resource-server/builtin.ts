/** A public key of Node's crypto module. */
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

/** `Uint8Array<ArrayBuffer>`. TypeScript before 5.7 does not know that type. */
export type Bytes = ReturnType<typeof Uint8Array.from>

/**
 * A module of Node, on platforms that have it: Node, Bun, Deno, and Workers with Node's compatibility. It works synchronously, or is faster
 * than the Web's interfaces. Other platforms get `undefined` and use the Web's interfaces.
 */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): Builtins[Name] | undefined } }
  return process?.getBuiltinModule?.(name)
}
