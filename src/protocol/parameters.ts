import type { WireText } from '../ports.ts'

/** The parameters of a form or a query, in their order. A name may occur several times. */
export type ParameterList = readonly (readonly [name: string, value: string])[]

/** The members of `values` that are neither `undefined` nor empty. */
export function parameters(values: Readonly<Record<string, string | undefined>>): ParameterList {
  return Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]))
}

/** A parameter `resource` for each of the `resources` (RFC 8707 §2). */
export function resourceParameters(resources: readonly string[]): ParameterList {
  return [...new Set(resources)].map((resource) => ['resource', resource])
}

/** The parameters of `given` whose names are not in `own`, and then all of `own`. */
export function overridden(given: ParameterList, own: ParameterList): ParameterList {
  return [...given.filter(([name]) => firstValue(own, name) === undefined), ...own]
}

/** The value of the first parameter with that name. */
export function firstValue(params: ParameterList, name: string): string | undefined {
  return params.find(([each]) => each === name)?.[1]
}

/** Adds parameters to the URL of an endpoint. A query that the URL already has stays. */
export function withQuery({ form }: WireText, url: string, params: ParameterList): string {
  return `${url}${url.includes('?') ? '&' : '?'}${form(params)}`
}

/** The parameters of a URL's query. */
export function queryParameters({ query }: WireText, url: string): ParameterList {
  const [, text = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? []
  return query(text)
}
