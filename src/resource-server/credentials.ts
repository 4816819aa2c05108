import { Refusal } from './access-token-error.ts'

/** A request as the guard looks at it: a fetch `Request`, Node's `IncomingMessage`, or anything of that shape. */
export interface GuardedRequest {
  /** As it was sent: `GET`, `POST`, … */
  readonly method?: string | undefined
  /** Absolute, or, as Node has it, the path and query. */
  readonly url?: string | undefined
  /** Field values by lower-case name, or a `Headers`. */
  readonly headers: HeadersLike
  /**
   * Node's fields one by one, name and value in turn, of HTTP/1 and HTTP/2: with them repeated fields are found that `headers` hides.
   * Hand them on where you make a request of your own for the guard.
   */
  readonly rawHeaders?: readonly string[] | undefined
  /** Node's field values by lower-case name. Looked at where there are no `rawHeaders`. */
  readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>> | undefined
}

/** The field values of a request. */
export type HeadersLike =
  | {
      /** The value of a field, several joined by commas; `null`: there is none. */
      get(name: string): string | null
    }
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** What a request brought. */
export interface Credentials {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
}

/** The schemes that are ours, in any case of letters, and the spaces behind them (RFC 9110 §11.1, §11.4). */
const SCHEME = /^(?:bearer|(dpop)) +/i
/** RFC 9110 §11.2. */
const TOKEN68 = /^[\w\-.~+/]+=*$/

/** The values of the field `name`, one an occurrence where the platform tells. */
export function fieldValues(request: GuardedRequest, name: string): readonly string[] {
  const sent = sentValues(request, name)
  if (sent && sent.length > 1) return sent

  const { headers } = request
  const value = typeof headers.get === 'function' ? headers.get(name) : (headers as Record<string, string>)[name]
  if (value == null) return []
  return typeof value === 'string' ? [value] : (value as readonly string[])
}

/** As the client sent them: of two `Authorization` fields, Node's `headers` shows the first alone. */
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
 * The access token of a request: one `Authorization` field of scheme `Bearer` or `DPoP`, and nowhere else (RFC 6750 §2.1, RFC
 * 9449 §7.1). A token in the URL or the body is not looked at.
 * @returns `undefined` when there is none, or only credentials of another scheme. Whether the token can be one is for {@link checkToken}
 * @throws Refusal `malformed_request` for a repeated field, and for what is neither
 */
export function credentials(request: GuardedRequest): Credentials | undefined {
  const values = fieldValues(request, 'authorization')
  const [value] = values
  if (values.length > 1) throw new Refusal('malformed_request', 'more than one Authorization field')
  if (value === undefined) return undefined

  const [prefix, dpop] = SCHEME.exec(value) ?? []
  if (prefix !== undefined) return { scheme: dpop === undefined ? 'Bearer' : 'DPoP', token: value.slice(prefix.length) }
  // Credentials of another scheme are none of ours, but two in one field are a way to smuggle.
  if (/^\s*(bearer|dpop)\b/i.test(value) || /[,\s](bearer|dpop)\s/i.test(value)) throw unreadable()
  return undefined
}

/**
 * Whether what came with a scheme of ours has the characters of a token. One that passed before needs no such look.
 * @throws Refusal `malformed_request`
 */
export function checkToken(token: string): void {
  if (!TOKEN68.test(token)) throw unreadable()
}

function unreadable(): Refusal {
  return new Refusal('malformed_request', 'the Authorization field cannot be read')
}
