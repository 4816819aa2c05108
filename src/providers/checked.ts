import { TokenManagerError } from '../errors.ts'

const HOST = /^[a-z\d-]+(\.[a-z\d-]+)*(:\d+)?$/i
const SEGMENT = /^[\w.~-]+$/

/** @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` is a host name */
export function hostName(option: string, value: string): string {
  return checked(option, value, HOST, 'a host name, without https:// and without a path')
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` can be one part of a path as it is */
export function pathSegment(option: string, value: string): string {
  return checked(option, value, SEGMENT, 'letters, digits, ".", "_", "~" and "-" only')
}

function checked(option: string, value: unknown, pattern: RegExp, expected: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value

  const found = typeof value === 'string' ? `"${value.slice(0, 256)}"` : typeof value
  const what = `Option ${option} has to be ${expected}; it is ${found}`
  throw new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', what)
}
