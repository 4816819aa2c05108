/** One challenge of a `WWW-Authenticate` field (RFC 9110 §11.6.1). */
export interface Challenge {
  /** The authentication scheme, lower case. */
  readonly scheme: string
  /** Its parameters by lower-case name, on an object without a prototype. Of a repeated one the first counts. */
  readonly params: Readonly<Record<string, string>>
  /** What some schemes send in place of parameters. */
  readonly token68?: string
}

/**
 * Reads a `WWW-Authenticate` field, or several joined by commas as `fetch` returns them. Takes what can be understood, in
 * linear time, and never throws. A challenge with more than one `error` is left out.
 */
export function parseChallenges(header: string | null): Challenge[] {
  const text = header ?? ''
  const found: (Challenge & { params: Record<string, string>; token68?: string })[] = []
  const ambiguous = new Set<Challenge>()
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
      const token68 = space && take(/[\w.~+/-]+=*(?=\s*(?:,|$))/y)
      found.push({ scheme: name, params: Object.create(null), ...(token68 && { token68 }) })
      continue
    }
    at++
    take(/\s+/y)
    const quoted = take(/"(?:[^"\\]|\\.)*"?/sy)
    const value = quoted ? quoted.slice(1).replace(/"$/, '').replace(/\\(.)/gs, '$1') : take(/[^\s,"]+/y)
    const challenge = found.at(-1)
    if (!challenge) continue
    if (name in challenge.params) {
      if (name === 'error') ambiguous.add(challenge)
    } else challenge.params[name] = value
  }
  return found.filter((challenge) => !ambiguous.has(challenge))
}
