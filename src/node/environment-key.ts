import { TokenManagerError } from '../errors.ts'

/**
 * The sealing key from an environment variable, for machines without a keychain: 32 bytes as base64, base64url or hex. It is read
 * at the first use, and stays in the environment: whatever shows that (a crash report, `ps` of the same user, a child process)
 * shows the key, so a key management service is better.
 *
 * Make one with `node -p "crypto.randomBytes(32).toString('base64')"`.
 * @param name the variable's name
 * @returns a function for the option `key`; it throws `ERR_INVALID_OPTION`, naming the variable, if that holds no key
 */
export function environmentKey(name: string): () => Uint8Array {
  return () => {
    const key = keyBytes(process.env[name] ?? '')
    if (key) return key
    throw new TokenManagerError(
      'ERR_INVALID_OPTION',
      'invalid_option',
      `The environment variable ${name} has to hold 32 bytes as base64 or hex`,
    )
  }
}

/** The 32 bytes that `text` holds as base64, base64url or hex. */
export function keyBytes(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text.trim(), /^\s*[\da-f]{64}\s*$/i.test(text) ? 'hex' : 'base64')
  const isWhole = /^[\w+/-]+={0,2}$/.test(text.trim())
  return isWhole && bytes.length === 32 ? new Uint8Array(bytes) : undefined
}
