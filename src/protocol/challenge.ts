/** One challenge of a `WWW-Authenticate` field (RFC 9110 §11.6.1). */
export interface Challenge {
  /** The authentication scheme, lower case. */
  readonly scheme: string
  /** Its parameters by lower-case name, on an object without a prototype. Of a repeated one the first counts. */
  readonly params: Readonly<Record<string, string>>
}

/** A word, perhaps with `=` and a value, quoted or not; or a stray quoted string, whose inside is nobody's challenge. */
const PART = /([\w!#$%&'*+.^`|~-]+)(?:\s*(=)\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s,"]*)))?|"(?:[^"\\]|\\.)*"?/gs

/**
 * Reads a `WWW-Authenticate` field, or several joined by commas as `fetch` returns them. Takes what can be understood, in
 * linear time, and never throws. Of two `error`s in one challenge none counts: it is empty. What some schemes have in place
 * of parameters (token68) is of no use to anyone here, and can look like a parameter or a scheme.
 */
export function parseChallenges(header: string | null): Challenge[] {
  const found: (Challenge & { params: Record<string, string> })[] = []
  for (const [, word = '', equals, quoted, plain = ''] of (header ?? '').matchAll(PART)) {
    if (!word) continue
    const name = word.toLowerCase()
    const params = found.at(-1)?.params ?? {}
    if (!equals) found.push({ scheme: name, params: Object.create(null) })
    else if (!(name in params)) params[name] = quoted?.replace(/\\(.)/gs, '$1') ?? plain
    else if (name === 'error') params[name] = ''
  }
  return found
}
