/** One challenge of a `WWW-Authenticate` field (RFC 9110 §11.6.1). */
export interface Challenge {
  /** The authentication scheme, lower case. */
  readonly scheme: string
  /** Its parameters by lower-case name, on an object without a prototype. Of a repeated one the first counts. */
  readonly params: Readonly<Record<string, string>>
}

/**
 * Reads a `WWW-Authenticate` field, or several joined by commas as `fetch` returns them. Takes what can be understood, in
 * linear time, and never throws. Of two `error`s in one challenge
 * none counts: it is empty.
 */
export function parseChallenges(header: string | null): Challenge[] {
  const text = header ?? ''
  const found: (Challenge & { params: Record<string, string> })[] = []
  let at = 0
  // Every pattern is sticky and whatever it matched is consumed: nothing is read more than twice.
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const match = pattern.exec(text)?.[0] ?? ''
    at += match.length
    return match
  }
  while (at < text.length) {
    take(/[\s,]+/y)
    const name = take(/[\w!#$%&'*+.^`|~-]+/y).toLowerCase()
    if (!name) {
      // A stray quoted string is skipped whole, so that nothing inside it is taken for a challenge.
      if (!take(/"(?:[^"\\]|\\.)*"?/sy)) at++
      continue
    }
    const space = take(/\s+/y)
    if (text[at] !== '=') {
      // What some schemes have in place of parameters (token68).
      if (space) take(/[\w.~+/-]+=*(?=\s*(?:,|$))/y)
      found.push({ scheme: name, params: Object.create(null) })
      continue
    }
    at++
    take(/\s+/y)
    const quoted = take(/"(?:[^"\\]|\\.)*"?/sy)
    const value = quoted ? quoted.slice(1).replace(/"$/, '').replace(/\\(.)/gs, '$1') : take(/[^\s,"]+/y)
    const params = found.at(-1)?.params ?? {}
    if (!(name in params)) params[name] = value
    else if (name === 'error') params[name] = ''
  }
  return found
}
