/** A JSON answer that no cache may store. */
export function asJson(body: object, status = 200, fields: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...fields },
  })
}
