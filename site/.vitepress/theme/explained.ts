import { type ExplainTokenOptions, explainToken, type TokenExplanation } from 'tokenward'

/** What can be said of what somebody pasted. */
export interface Explained {
  readonly explanation: TokenExplanation
  /** The two readable parts of a JWT, as JSON; empty for anything else. */
  readonly parts: readonly { readonly name: string; readonly json: string }[]
  /** Its times, as people read them. */
  readonly times: readonly { readonly name: string; readonly at: string }[]
}

const times = { iat: 'issued', nbf: 'counts from', auth_time: 'signed in', exp: 'expires' }

/** Explains a token, or the answer of an API as a browser's network panel shows it. */
export function explained(pasted: string, options: ExplainTokenOptions): Explained {
  const answer = answerIn(pasted)
  if (answer) return { explanation: explainToken(answer), parts: [], times: [] }

  const token = pasted.trim().replace(/^authorization:\s*/i, '')
  const [header, claims] = token
    .replace(/^(bearer|dpop)\s+/i, '')
    .split('.')
    .map(decoded)
  const explanation = explainToken(token, options)
  if (!header || !claims) return { explanation, parts: [], times: [] }
  return {
    explanation,
    parts: [
      { name: 'Header', json: JSON.stringify(header, null, 2) },
      { name: 'Claims', json: JSON.stringify(claims, null, 2) },
    ],
    times: Object.entries(times).flatMap(([claim, name]) => {
      const seconds = claims[claim]
      return typeof seconds === 'number' ? { name, at: new Date(seconds * 1000).toLocaleString() } : []
    }),
  }
}

/** An answer, if there is a status or a `WWW-Authenticate` field in it. */
function answerIn(text: string) {
  const [, status] = /^\s*(?:HTTP\/[\d.]+\s+)?([1-5]\d\d)\b/.exec(text) ?? []
  const [, challenge] = /^\s*www-authenticate:\s*(.+)$/im.exec(text) ?? []
  const [bare] = /^\s*(?:Bearer|DPoP)\s+\w+=.*$/im.exec(text) ?? []
  const field = challenge ?? bare?.trim()
  if (status === undefined && field === undefined) return undefined
  const get = (name: string) => (name.toLowerCase() === 'www-authenticate' ? (field ?? null) : null)
  return { status: Number(status ?? 401), headers: { get } }
}

function decoded(part: string): Record<string, unknown> | undefined {
  try {
    const bytes = Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0))
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
