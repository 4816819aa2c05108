// The fields for content negotiation, conditional requests and ranges (RFC 9110), for bodies, for event streams, and for tracing.
const FORWARDED = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'pragma',
  'prefer',
  'range',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-request-id',
  'x-requested-with',
])

/**
 * Fields that belong to one connection (RFC 9110 §7.6.1), and fields that say how long a message is. A message with two different lengths
 * would allow request smuggling.
 */
const OF_THE_CONNECTION = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Fields that the backend sets itself, and fields by which a server decides who the client is, which page asked, or where a request goes. */
const NEVER_SENT =
  /^(authorization|dpop|cookie2?|origin|referer|forwarded|via|accept-encoding|proxy-.*|sec-.*|x-forwarded.*|x-tokenward|.*-client-ip|client-ip|x-real-ip|x-remote-.*|cf-.*|x-original-.*|x-rewrite-.*|x-host|x-http-host.*|x-envoy-.*|x-http-method.*|x-method-override)$/

/** Fields that concern the whole site, the API's own connection, or the authentication between the backend and the API. */
const NEVER_ANSWERED =
  /^(set-cookie2?|www-authenticate|authentication-info|proxy-.*|dpop-nonce|clear-site-data|strict-transport-security|public-key-pins.*|alt-svc|service-worker-allowed|refresh|nel|report-to|reporting-endpoints|access-control-.*|cross-origin-.*|content-security-policy.*|origin-agent-cluster|accept-ch|critical-ch|set-login|sourcemap|x-sourcemap|server|via|x-powered-by|location|content-location|x-tokenward)$/

/** Whether the option `requestFields` may contain a field of this name. */
export function isForwardable(name: string): boolean {
  return /^[a-z\d!#$%&'*+.^_`|~-]+$/.test(name) && !OF_THE_CONNECTION.has(name) && !NEVER_SENT.test(name)
}

/** Whether a field of this name is passed from the page to the API by default. */
export function isForwarded(name: string): boolean {
  return FORWARDED.has(name)
}

/** Whether a field of this name is passed from the API to the page without a change. */
export function goesBack(name: string): boolean {
  const isOfTheConnection = OF_THE_CONNECTION.has(name) && name !== 'content-length'
  return !isOfTheConnection && !NEVER_ANSWERED.test(name)
}
