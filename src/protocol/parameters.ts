import { utf8 } from './utf8.ts'

/**
 * Parameters of a form or a query in their order; a name may come several times. Ours are written and read as text: what platforms
 * have for it differs, and React Native sends a `URLSearchParams` as an empty body.
 */
export type ParameterList = readonly (readonly [name: string, value: string])[]

/** Those of `values` that are there and not empty. */
export function parameters(values: Readonly<Record<string, string | undefined>>): ParameterList {
  return Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]))
}

/** One of them for each (RFC 8707 §2). */
export function resourceParameters(resources: readonly string[]): ParameterList {
  return [...new Set(resources)].map((resource) => ['resource', resource])
}

/** `given`, but for the names that `own` has, and `own`. */
export function overridden(given: ParameterList, own: ParameterList): ParameterList {
  return [...given.filter(([name]) => firstValue(own, name) === undefined), ...own]
}

/** The first value of that name. */
export function firstValue(params: ParameterList, name: string): string | undefined {
  return params.find(([each]) => each === name)?.[1]
}

/** As `application/x-www-form-urlencoded` (WHATWG URL §5.2). */
export function formText(params: ParameterList): string {
  return params.map((pair) => pair.map(encode).join('=')).join('&')
}

/** Adds parameters to an endpoint's URL, keeping its own query. */
export function withQuery(url: string, params: ParameterList): string {
  return `${url}${url.includes('?') ? '&' : '?'}${formText(params)}`
}

/** Reads the query of a URL (WHATWG URL §5.1); a `%` that begins no byte stays as it is. */
export function queryParameters(url: string): ParameterList {
  const [address = ''] = url.split('#', 1)
  return address
    .replace(/^[^?]*\??/, '')
    .split('&')
    .filter(Boolean)
    .map((pair) => {
      const [name = ''] = pair.split('=', 1)
      return [decode(name), decode(pair.slice(name.length + 1))]
    })
}

function encode(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd')).replace(/%20|[!'()~]/g, (found) =>
    found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function decode(text: string): string {
  return text
    .replace(/\+/g, ' ')
    .replace(/(%[\da-f]{2})+/gi, (run) =>
      utf8(run.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))),
    )
}
