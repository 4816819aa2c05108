import { base64url } from 'jose'
import { builtin } from './builtin.ts'
import { isJsonObject } from './json-values.ts'

/** A JWT in compact form, read but not verified. */
export interface UnverifiedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Characters of a token that are looked at, at most: more than fits into a header field of common servers. */
export const LONGEST_JWT = 16_384
const SEGMENT = /^[\w-]+$/
/** Characters whose unused bits are zero, by how many characters of the last four there are. One alone holds no byte. */
const ENDS_IN_ZEROES: ReadonlyMap<number, string> = new Map([
  [2, 'AQgw'],
  [3, 'AEIMQUYcgkosw048'],
])
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const node = builtin('node:buffer')

/** Whether `token` has the outer shape of a JWT: three parts of base64url. */
export function looksLikeJwt(token: string): boolean {
  return token.startsWith('ey') && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)
}

/**
 * Reads a JWT strictly: canonical base64url only, UTF-8 only, JSON objects without a member twice (RFC 7515 §4, §5.2; RFC 8725
 * §2.4). What two readers could read in two ways is no JWT. Proves nothing about who wrote it.
 * @returns `undefined` for anything else; never throws, in time linear in the length
 */
export function readJwt(token: string): UnverifiedJwt | undefined {
  if (token.length > LONGEST_JWT) return undefined
  const parts = token.split('.')
  const [head = '', body = '', signature = ''] = parts
  if (parts.length !== 3 || !isCanonical(signature)) return undefined
  const header = readObject(head)
  const claims = header && readObject(body)
  return claims && { header, claims }
}

/** Of two spellings of the same bytes only one counts: the unused bits of the last character are zero (RFC 4648 §3.5). */
function isCanonical(text: string): boolean {
  if (!SEGMENT.test(text)) return false
  const last = text.at(-1) as string
  const rest = text.length % 4
  if (rest === 0) return true
  const zeroes = ENDS_IN_ZEROES.get(rest)
  return zeroes?.includes(last) === true
}

function readObject(segment: string): Record<string, unknown> | undefined {
  if (!isCanonical(segment)) return undefined
  try {
    const text = decoded(segment)
    const value: unknown = JSON.parse(text)
    if (!isJsonObject(value)) return undefined
    // What is written back the same has nothing twice; the rest is looked at closely.
    const isWrittenBack = JSON.stringify(value) === text
    return isWrittenBack || !repeatsMember(text) ? value : undefined
  } catch {
    return undefined
  }
}

/** @throws for what is no UTF-8 */
function decoded(segment: string): string {
  if (!node) return utf8.decode(base64url.decode(segment))
  const bytes = node.Buffer.from(segment, 'base64url')
  if (!node.isUtf8(bytes)) throw new TypeError('no UTF-8')
  return bytes.toString('utf8')
}

const STRINGS_AND_BRACKETS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g

/** Whether an object in `json`, which is valid, has two members of one name. */
function repeatsMember(json: string): boolean {
  /** The names of each object that is open, and `undefined` for a list. */
  const open: (Set<string> | undefined)[] = []
  let last = ''
  for (const [token] of json.matchAll(STRINGS_AND_BRACKETS)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      // What stands before a colon is a name.
      const name = JSON.parse(last) as string
      const names = open.at(-1)
      if (names?.has(name)) return true
      names?.add(name)
    } else last = token
  }
  return false
}
