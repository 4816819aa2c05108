/** One challenge of a `WWW-Authenticate` field (RFC 9110 §11.6.1). */
export interface Challenge {
  /** The authentication scheme, in lower case. */
  readonly scheme: string
  /** The parameters by their names in lower case, on an object without a prototype. If a name is repeated, its first value counts. */
  readonly params: Readonly<Record<string, string>>
}

/**
 * Matches a word, which `=` and a value may follow, quoted or not. It also matches a quoted string that follows no `=`, so that nothing inside
 * of it is taken for a challenge.
 */
const PART = /([\w!#$%&'*+.^`|~-]+)(?:\s*(=)\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s,"]*)))?|"(?:[^"\\]|\\.)*"?/gs

/**
 * Reads a `WWW-Authenticate` field, or several of them joined by commas, as `fetch` gives them. It takes what it understands, needs linear
 * time, and never throws. A challenge with two parameters `error` is ambiguous: its `error` becomes empty. Some schemes have one long word
 * (token68) instead of parameters. Nobody here needs it, and it may be read as a parameter or a scheme.
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
