import { TokenManagerError } from '../errors.ts'

/**
 * The sealing key from an environment variable, for machines without a keychain: 32 bytes as base64, base64url or hex. It is read
 * at the first use, and stays in the environment: whatever shows that (a crash report, `ps` of the same user, a child process)
 * shows the key, so a key management service is better.
 *
 * Make one with `node -p "crypto.randomBytes(32).toString('base64')"`. What is plainly not random is refused: zeroes, a pattern, a phrase.
 * @param name the variable's name
 * @returns a function for the option `key`; it throws `ERR_INVALID_OPTION`, naming the variable, if that holds no key
 */
export function environmentKey(name: string): () => Uint8Array {
  return () => {
    const text = process.env[name]?.trim() ?? ''
    const key = keyBytes(text)
    if (!key) throw invalid(`The environment variable ${name} has to hold 32 bytes as base64 or hex`)

    const isRandom = !isPattern(key) && !isText(key) && !isPhrase(text)
    if (!isRandom)
      throw invalid(
        `The environment variable ${name} holds a pattern or a phrase: it has to hold 32 random bytes, as from node -p "crypto.randomBytes(32).toString('base64')"`,
      )
    return key
  }
}

/** The 32 bytes that `text` holds as base64, base64url or hex. */
export function keyBytes(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text.trim(), /^\s*[\da-f]{64}\s*$/i.test(text) ? 'hex' : 'base64')
  const isWhole = /^[\w+/-]+={0,2}$/.test(text.trim())
  return isWhole && bytes.length === 32 ? new Uint8Array(bytes) : undefined
}

/** Zeroes, counting, repetition. Of 32 random bytes about 30 differ; fewer than 16 never happens. */
function isPattern(key: Uint8Array): boolean {
  const steps = key.map((byte, index) => byte - (key[index - 1] ?? 0)).subarray(1)
  return new Set(key).size < 16 || new Set(steps).size < 16
}

/** 32 characters of text. Random bytes are all printable once in 10^13 keys. */
function isText(key: Uint8Array): boolean {
  return key.every((byte) => byte >= 0x20 && byte < 0x7f)
}

/** Words that happen to be base64: few letters, most of them after one of their own case. Random base64 is like that once in 5 000 000 keys. */
function isPhrase(text: string): boolean {
  const inWords = [/[a-z](?=[a-z])/g, /[A-Z](?=[A-Z])/g].map((pair) => text.match(pair)?.length ?? 0)
  const isHex = text.length === 64
  return !isHex && Math.max(...inWords) > 18 && new Set(text).size < 23
}

function invalid(what: string): TokenManagerError {
  return new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', what)
}
