/** Those of `values` that are there and not empty, as form or query parameters. */
export function parameters(values: Readonly<Record<string, string | undefined>>): URLSearchParams {
  return new URLSearchParams(Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1])))
}

/** Adds parameters to an endpoint's URL, keeping its own query. */
export function withQuery(url: string, params: URLSearchParams): string {
  return `${url}${url.includes('?') ? '&' : '?'}${params}`
}
