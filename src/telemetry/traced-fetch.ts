import type { Fetch } from '../ports.ts'
import type { Attributes } from './session-metrics.ts'

/** What is needed of OpenTelemetry's `Tracer` (`@opentelemetry/api`, an optional peer). */
export interface TracerLike {
  /** Runs `run` inside a new span. */
  startActiveSpan<Result>(
    name: string,
    options: { readonly kind: number; readonly attributes: Attributes },
    run: (span: SpanLike) => Result,
  ): Result
}

/** What is needed of OpenTelemetry's `Span`. */
export interface SpanLike {
  /** Says more about it. */
  setAttribute(name: string, value: string | number | boolean): unknown
  /** Says how it went. */
  setStatus(status: { readonly code: number }): unknown
  /** It is over. */
  end(): void
}

/** Options of {@link tracedFetch}. */
export interface TracedFetchOptions {
  /**
   * Adds headers that tell the server of the span: `(carrier) => propagation.inject(context.active(), carrier)`. Default: none, as an
   * instrumented `fetch` adds them itself, and a page's authorization server has to allow them (CORS).
   */
  readonly inject?: (carrier: Record<string, string>) => void
}

/** OpenTelemetry's `SpanKind.CLIENT` and `SpanStatusCode.ERROR`. */
const CLIENT = 2
const ERROR = 2

/**
 * A `fetch` with a span around each token request, for the option `fetch` of whatever asks for tokens:
 * `fetch: tracedFetch(trace.getTracer('app'), fetch)`. The span is active while the request runs, so what an instrumented `fetch` reports lies
 * inside it. All other requests go through as they are. Names and attributes are stable; docs/telemetry.md has them.
 * @param fetch what sends
 */
export function tracedFetch(tracer: TracerLike, fetch: Fetch, { inject }: TracedFetchOptions = {}): Fetch {
  return async (input, init) => {
    const grantType = grantTypeOf(init)
    if (grantType === undefined) return fetch(input, init)

    const attributes = {
      'tokenward.grant_type': grantType,
      'http.request.method': 'POST',
      'server.address': hostOf(input),
    }
    return tracer.startActiveSpan('tokenward.token_request', { kind: CLIENT, attributes }, async (span) => {
      try {
        const response = await fetch(input, inject ? withHeaders(init, inject) : init)
        span.setAttribute('http.response.status_code', response.status)
        if (!response.ok) span.setStatus({ code: ERROR })
        return response
      } catch (error) {
        span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown')
        span.setStatus({ code: ERROR })
        throw error
      } finally {
        span.end()
      }
    })
  }
}

/** Requests to token endpoints carry it in their form, and no other request does. */
function grantTypeOf(init: RequestInit | undefined): string | undefined {
  if (init?.method !== 'POST' || typeof init.body !== 'string') return undefined
  const [, encoded] = /(?:^|&)grant_type=([\w%.:+-]{1,200})(?:&|$)/.exec(init.body) ?? []
  return encoded?.replaceAll('%3A', ':')
}

function hostOf(input: Parameters<Fetch>[0]): string {
  const url = typeof input === 'object' && 'url' in input ? input.url : `${input}`
  return /^https?:\/\/([^/:?#]+)/.exec(url)?.[1] ?? ''
}

function withHeaders(init: RequestInit | undefined, inject: (carrier: Record<string, string>) => void): RequestInit {
  const carrier: Record<string, string> = {}
  inject(carrier)
  const headers = new Headers(init?.headers)
  for (const [name, value] of Object.entries(carrier)) headers.set(name, value)
  return { ...init, headers }
}
