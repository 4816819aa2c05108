/**
 * Members of a JSON object as what they should be, whatever they are. `String()`, arithmetic and comparison throw for some objects that
 * JSON can hold, as `{ "toString": 1 }`.
 */

/** A text, or a number as text; else ''. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : ''
}

/** A number, or a text that is one; else NaN. */
export function numberOf(value: unknown): number {
  return textOf(value) === '' ? NaN : Number(value)
}
