/**
 * Reads members of a JSON object whose type is not known. `String()`, arithmetic and comparison are no help: they throw for some objects that
 * JSON can hold, such as `{ "toString": 1 }`.
 */

/** `value` if it is a text, or its digits if it is a number. Empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : ''
}

/** `value` if it is a number, or a text that is a number. NaN for anything else. */
export function numberOf(value: unknown): number {
  return textOf(value) === '' ? NaN : Number(value)
}
