import { TokenManagerError } from '../errors.ts'

/**
 * Takes the key of a store from an environment variable, for machines without a keychain. The variable has 32 bytes as base64, base64url or hex, and is
 * read at the first use. It stays in the environment, so everything that shows the environment shows the key: a crash report, `ps` of the same user,
 * a child process. A key management service is better.
 *
 * Make a key with `node -p "crypto.randomBytes(32).toString('base64')"`. A key that is certainly not random is refused: zeroes, a pattern, a phrase.
 * @param name the name of the variable
 * @returns a function for the option `key`. It throws `ERR_INVALID_OPTION` with the variable's name if that has no valid key
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

/** The 32 bytes in `text`, which is base64, base64url or hex. `undefined` if it is none of these. */
export function keyBytes(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text.trim(), /^\s*[\da-f]{64}\s*$/i.test(text) ? 'hex' : 'base64')
  const isWhole = /^[\w+/-]+={0,2}$/.test(text.trim())
  return isWhole && bytes.length === 32 ? new Uint8Array(bytes) : undefined
}

/** Whether `key` is zeroes, a sequence or a repetition. Of 32 random bytes about 30 are different, and never fewer than 16. */
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
