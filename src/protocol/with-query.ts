/** Adds parameters to an endpoint's URL, keeping its own query. */
export function withQuery(url: string, params: URLSearchParams): string {
  return `${url}${url.includes('?') ? '&' : '?'}${params}`
}
