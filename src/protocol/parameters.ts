import type { WireText } from '../ports.ts'

/**
 * Parameters of a form or a query in their order; a name may come several times.
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

/** Adds parameters to an endpoint's URL, keeping its own query. */
export function withQuery({ form }: WireText, url: string, params: ParameterList): string {
  return `${url}${url.includes('?') ? '&' : '?'}${form(params)}`
}

/** The parameters of a URL's query. */
export function queryParameters({ query }: WireText, url: string): ParameterList {
  const [, text = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  return query(text)
}
