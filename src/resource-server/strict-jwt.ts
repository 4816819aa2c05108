import { base64url } from 'jose'
import { builtin } from './builtin.ts'
import { isJsonObject } from './json-values.ts'

/** The content of a JWT whose signature was not verified. */
export interface UnverifiedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** The longest token that is read, in characters. The header fields of common servers cannot be longer. */
export const LONGEST_JWT = 16_384
const SEGMENT = /^[\w-]+$/
/** The last characters whose unused bits are zero, by the number of characters in the last group of four. One character alone is no byte. */
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
 * Reads a JWT strictly. It takes only canonical base64url, UTF-8, and JSON objects that have no member twice (RFC 7515 §4, §5.2; RFC 8725 §2.4),
 * so that every reader understands the token in the same way. The signature is not checked. It needs linear time and never throws.
 * @returns `undefined` if `token` is no such JWT
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

/** Whether the unused bits of the last character are zero (RFC 4648 §3.5). Otherwise the same bytes could be written in several ways. */
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

    // If writing the value gives the same text, no member is there twice. Only other texts need the slower search.
    const isWrittenBack = JSON.stringify(value) === text
    return isWrittenBack || !repeatsMember(text) ? value : undefined
  } catch {
    return undefined
  }
}

/** @throws if the bytes are no UTF-8 */
function decoded(segment: string): string {
  if (!node) return utf8.decode(base64url.decode(segment))
  const bytes = node.Buffer.from(segment, 'base64url')
  if (!node.isUtf8(bytes)) throw new TypeError('no UTF-8')
  return bytes.toString('utf8')
}

const STRINGS_AND_BRACKETS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g

/** Whether an object in `json`, which is valid JSON, has two members of the same name. */
function repeatsMember(json: string): boolean {
  /** The objects and lists around the present place: the names seen in an object, `undefined` for a list. */
  const open: (Set<string> | undefined)[] = []
  let last = ''

  for (const [token] of json.matchAll(STRINGS_AND_BRACKETS)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') {
      // The text before a colon is the name of a member.
      const name = JSON.parse(last) as string
      const names = open.at(-1)
      if (names?.has(name)) return true
      names?.add(name)
    } else last = token
  }

  return false
}
