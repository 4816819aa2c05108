/** Whether `error` is the system's own with this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  // Its class can be another realm's, as in Jest.
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
