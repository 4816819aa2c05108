/** Whether a JSON value is an object and not a list. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether `value` is a text that is not empty. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
