/** Whether `error` is an error of the system with this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  // `instanceof` does not work here: in Jest, the error's class may be from another realm.
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
