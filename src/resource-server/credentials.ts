import { Refusal } from './access-token-error.ts'

/** A request that the guard can check: a `Request`, Node's `IncomingMessage`, or any object with these members. */
export interface GuardedRequest {
  /** The HTTP method: `GET`, `POST`, … */
  readonly method?: string | undefined
  /** The absolute URL, or only path and query, as in Node. */
  readonly url?: string | undefined
  /** A `Headers`, or the values of the header fields by their names in lower case. */
  readonly headers: HeadersLike
  /**
   * The names and values of all header fields, one after the other, as Node's HTTP/1 and HTTP/2 have them. They show repeated fields, which
   * `headers` hides. If you make a request object of your own for the guard, give it this member too.
   */
  readonly rawHeaders?: readonly string[] | undefined
  /** All values of each header field, by its name in lower case, as Node has them. Read only if there are no `rawHeaders`. */
  readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>> | undefined
}

/** The header fields of a request. */
export type HeadersLike =
  | {
      /** The value of a field. Several values are joined by commas. `null` if there is none. */
      get(name: string): string | null
    }
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** The access token of a request, and the scheme it came with. */
export interface Credentials {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
}

/** The two schemes for access tokens, in any case, and the spaces after them (RFC 9110 §11.1, §11.4). */
const SCHEME = /^(?:bearer|(dpop)) +/i
/** The characters that a token may have (RFC 9110 §11.2). */
const TOKEN68 = /^[\w\-.~+/]+=*$/

/** The values of all fields `name`, as far as the platform shows them one by one. */
export function fieldValues(request: GuardedRequest, name: string): readonly string[] {
  const sent = sentValues(request, name)
  if (sent && sent.length > 1) return sent

  const { headers } = request
  const value = typeof headers.get === 'function' ? headers.get(name) : (headers as Record<string, string>)[name]
  if (value == null) return []
  return typeof value === 'string' ? [value] : (value as readonly string[])
}

/** The values as the client sent them. Node's `headers` would hide a second `Authorization` field. */
function sentValues({ rawHeaders, headersDistinct }: GuardedRequest, name: string): readonly string[] | undefined {
  if (!rawHeaders) return headersDistinct?.[name]

  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const field = rawHeaders[index] as string
    if (field.length === name.length && field.toLowerCase() === name) values.push(rawHeaders[index + 1] as string)
  }
  return values
}

/**
 * The access token in the `Authorization` field, with the scheme `Bearer` or `DPoP` (RFC 6750 §2.1, RFC 9449 §7.1). A token in the URL or the
 * body is ignored.
 * @returns `undefined` if there is no such field, or if it has another scheme. The characters of the token are not checked here but by
 *   {@link checkToken}
 * @throws Refusal `malformed_request` if the field is repeated or cannot be read
 */
export function credentials(request: GuardedRequest): Credentials | undefined {
  const values = fieldValues(request, 'authorization')
  const [value] = values
  if (values.length > 1) throw new Refusal('malformed_request', 'more than one Authorization field')
  if (value === undefined) return undefined

  const [prefix, dpop] = SCHEME.exec(value) ?? []
  if (prefix !== undefined) return { scheme: dpop === undefined ? 'Bearer' : 'DPoP', token: value.slice(prefix.length) }
  // Credentials of another scheme are ignored. But a field that has two kinds of credentials is refused: two readers could understand it
  // differently.
  if (/^\s*(bearer|dpop)\b/i.test(value) || /[,\s](bearer|dpop)\s/i.test(value)) throw unreadable()
  return undefined
}

/**
 * Checks that `token` has only characters that a token may have. A token that was accepted before need not be checked again.
 * @throws Refusal `malformed_request`
 */
export function checkToken(token: string): void {
  if (!TOKEN68.test(token)) throw unreadable()
}

function unreadable(): Refusal {
  return new Refusal('malformed_request', 'the Authorization field cannot be read')
}
