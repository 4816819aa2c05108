/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4 §4.2.2), computed once. */
const K = new Uint32Array(64)
/** The first 32 bits of the fractional parts of the square roots of the first 8 primes (FIPS 180-4 §5.3.3). */
const START = new Uint32Array(8)

const primes: number[] = []
for (let candidate = 2; primes.length < 64; candidate++) {
  if (primes.some((prime) => candidate % prime === 0)) continue

  const at = primes.push(candidate) - 1
  K[at] = fraction(Math.cbrt(candidate))
  if (at < 8) START[at] = fraction(Math.sqrt(candidate))
}

/**
 * SHA-256 (FIPS 180-4), for platforms that have none. It is not hardened against timing attacks. It hashes only code verifiers and access tokens,
 * which are secret for a short time.
 */
export function sha256(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const state = START.slice()
  const blocks = padded(data)
  for (let at = 0; at < blocks.byteLength; at += 64) digestBlock(state, new DataView(blocks.buffer, at, 64))

  const digest = new DataView(new ArrayBuffer(32))
  for (const [index, word] of state.entries()) digest.setUint32(4 * index, word)
  return new Uint8Array(digest.buffer)
}

/** `data`, then a bit 1, then zeros, and at the end the length of `data` in bits, as a number of 64 bits (FIPS 180-4 §5.1.1). */
function padded(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = new Uint8Array(Math.ceil((data.length + 9) / 64) * 64)
  blocks.set(data)
  blocks[data.length] = 0x80

  const length = new DataView(blocks.buffer, blocks.length - 8)
  length.setUint32(0, Math.floor(data.length / 2 ** 29))
  length.setUint32(4, data.length << 3)
  return blocks
}

/** Adds one block of 64 bytes to `state` (FIPS 180-4 §6.2.2). The names are those of the standard. */
function digestBlock(state: Uint32Array, block: DataView): void {
  const words = new Uint32Array(64)
  for (let t = 0; t < 16; t++) words[t] = block.getUint32(4 * t)
  for (let t = 16; t < 64; t++) {
    const before = words[t - 15] as number
    const last = words[t - 2] as number
    const small0 = rotated(before, 7) ^ rotated(before, 18) ^ (before >>> 3)
    const small1 = rotated(last, 17) ^ rotated(last, 19) ^ (last >>> 10)
    words[t] = (words[t - 16] as number) + small0 + (words[t - 7] as number) + small1
  }

  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let t = 0; t < 64; t++) {
    const big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = (h + big1 + choice + (K[t] as number) + (words[t] as number)) | 0
    const big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)

    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + big0 + majority) | 0
  }

  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) state[index] = (state[index] as number) + word
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32)
}
