import { TokenManagerError } from '../errors.ts'

const HOST = /^[a-z\d-]+(\.[a-z\d-]+)*(:\d+)?$/i
const BASE_URL = /^https?:\/\/[^\s\\/?#@]+(\/[^\s\\?#]*)?$/
const SEGMENT = /^[\w.~-]+$/

/** @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` is a host name */
export function hostName(option: string, value: string): string {
  return checked(option, value, HOST, 'a host name, without https:// and without a path')
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` can be one part of a path as it is */
export function pathSegment(option: string, value: string): string {
  return checked(option, value, SEGMENT, 'letters, digits, ".", "_", "~" and "-" only')
}

/**
 * The URL without a slash at its end.
 * @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` is an http(s) URL without query and fragment
 */
export function baseUrl(option: string, value: string): string {
  return checked(option, value, BASE_URL, 'a URL without query and fragment').replace(/\/$/, '')
}

function checked(option: string, value: unknown, pattern: RegExp, expected: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value

  const found = typeof value === 'string' ? `"${value.slice(0, 256)}"` : typeof value
  const what = `Option ${option} has to be ${expected}; it is ${found}`
  throw new TokenManagerError('ERR_INVALID_OPTION', 'invalid_option', what)
}
