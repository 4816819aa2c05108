/** Whether a value of JSON is an object, and no list. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether it is text that can name something. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
