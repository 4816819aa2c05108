import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import type { Sealed, Stored } from '../ports.ts'
import { hasCode } from './has-code.ts'

/** The content of a file: an encrypted value and its tag. Without a value, the file is damaged. */
export type SealedFile = Stored<Sealed | undefined>

const MARK = Buffer.from('tw1\n')
const CHECKSUM = 16
const TAG = 16
const IV = 12
const HEAD = MARK.length + CHECKSUM + TAG + IV
/** The largest file, in bytes. It is larger than any encrypted value. */
const LIMIT = 2 ** 20 + 1024

/** The bytes of a file: a mark, a checksum of what follows, the tag, the initialization vector, the ciphertext. */
export function encodeSealedFile(tag: Uint8Array, { iv, data }: Sealed): Buffer {
  const rest = Buffer.concat([tag, iv, data])
  return Buffer.concat([MARK, checksum(rest), rest])
}

/** The length of a tag, in bytes. */
export const TAG_BYTES = TAG

/** Reads the file at `path`. `undefined` if there is none. */
export async function readSealedFile(path: string): Promise<SealedFile | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
  try {
    const bytes = Buffer.alloc(Math.min((await file.stat()).size, LIMIT) + 1)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
    return decode(bytes.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

function decode(bytes: Buffer): SealedFile {
  const rest = bytes.subarray(MARK.length + CHECKSUM)
  const hasForm = bytes.length >= HEAD && bytes.length <= LIMIT && bytes.subarray(0, MARK.length).equals(MARK)
  const isWhole = hasForm && checksum(rest).equals(bytes.subarray(MARK.length, MARK.length + CHECKSUM))
  if (!isWhole) return { value: undefined, tag: `damaged-${checksum(bytes).toString('hex')}` }

  const iv = new Uint8Array(rest.subarray(TAG, TAG + IV))
  const data = new Uint8Array(rest.subarray(TAG + IV))
  return { value: { iv, data }, tag: rest.subarray(0, TAG).toString('hex') }
}

function checksum(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, CHECKSUM)
}
