import { invalidOption } from '../errors.ts'

const HOST = /^[a-z\d-]+(\.[a-z\d-]+)*(:\d+)?$/i
const BASE_URL = /^https?:\/\/[^\s\\/?#@]+(\/[^\s\\?#]*)?$/
const GUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
const DIRECTORY = /^([\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|common|organizations|consumers)$/i
const SEGMENT = /^[\w.~-]+$/

/** @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` is a host name */
export function hostName(option: string, value: string): string {
  return checked(option, value, HOST, 'a host name, without https:// and without a path')
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` can be one part of a path without encoding */
export function pathSegment(option: string, value: string): string {
  return checked(option, value, SEGMENT, 'letters, digits, ".", "_", "~" and "-" only')
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` is a GUID */
export function guid(option: string, value: string): string {
  return checked(option, value, GUID, 'a GUID')
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` names one directory of Entra ID, or those who may sign in */
export function directory(option: string, value: string): string {
  return checked(option, value, DIRECTORY, "a directory id (a GUID), 'common', 'organizations' or 'consumers'")
}

/**
 * The URL without a slash at its end.
 * @throws TokenManagerError `ERR_INVALID_OPTION` unless `value` is an http(s) URL without query and fragment
 */
export function baseUrl(option: string, value: string): string {
  return checked(option, value, BASE_URL, 'a URL without query and fragment').replace(/\/$/, '')
}

function checked(option: string, value: unknown, pattern: RegExp, sentence: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value

  const found = typeof value === 'string' ? `"${value.slice(0, 256)}"` : typeof value
  throw invalidOption(option, `${sentence}; it is ${found}`)
}
