/** How many characters of a value are shown. */
const SHOWN = 64
/** How many values of a list are shown. */
const LISTED = 5

/**
 * A value of a token as the `detail` of a refusal shows it: in quotes, short, and only printable ASCII. An attacker may have written the value,
 * and somebody may read the log in a terminal. It must not be used for values that name a person or are secret.
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
