/** Characters of a value that are shown. */
const SHOWN = 64
/** Values of a list that are shown. */
const LISTED = 5

/**
 * A value of a token for the `detail` of a refusal: in quotes, short, and of printable ASCII only, because whoever sent the token may
 * have written it and a log may be read in a terminal. Never for what names a person or could be used as a token.
 */
export function shown(value: unknown): string {
  if (!Array.isArray(value)) return shownOne(value)
  const some = value.slice(0, LISTED).map(shownOne).join(', ')
  return value.length > LISTED ? `${some} and ${value.length - LISTED} more` : some || 'an empty list'
}

function shownOne(value: unknown): string {
  if (typeof value !== 'string') return value === undefined ? 'missing' : `of type ${typeof value}`
  const text = value.length > SHOWN ? `${value.slice(0, SHOWN)}...` : value
  return `"${text.replace(/[^ !#-[\]-~]/g, '?')}"`
}
