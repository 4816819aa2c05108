import type { Fetch } from '../ports.ts'
import type { Attributes } from './session-metrics.ts'

/** The part of OpenTelemetry's `Tracer` that is used. A tracer of `@opentelemetry/api`, an optional peer dependency, has this type. */
export interface TracerLike {
  /** Starts a span, and calls `run` while that span is the active one. Returns what `run` returns. */
  startActiveSpan<Result>(
    name: string,
    options: { readonly kind: number; readonly attributes: Attributes },
    run: (span: SpanLike) => Result,
  ): Result
}

/** The part of OpenTelemetry's `Span` that is used. */
export interface SpanLike {
  /** Adds an attribute to the span. */
  setAttribute(name: string, value: string | number | boolean): unknown
  /** Says whether the span's work succeeded. Code 2 means that it failed. */
  setStatus(status: { readonly code: number }): unknown
  /** Ends the span. */
  end(): void
}

/** Options of {@link tracedFetch}. */
export interface TracedFetchOptions {
  /**
   * Adds headers that name the span to the authorization server: `(carrier) => propagation.inject(context.active(), carrier)`. Leave it out
   * if your `fetch` is instrumented, because that adds the headers itself. In a page, the authorization server has to allow these headers
   * (CORS). Default: no headers are added.
   */
  readonly inject?: (carrier: Record<string, string>) => void
}

/** OpenTelemetry's `SpanKind.CLIENT` and `SpanStatusCode.ERROR`. */
const CLIENT = 2
const ERROR = 2

/**
 * Makes a `fetch` that puts an OpenTelemetry span around each token request. Give it as option `fetch` to a manager, a session pool, or a
 * client's own tokens: `fetch: tracedFetch(trace.getTracer('app'), fetch)`. The span is active while the request runs, so the spans of an
 * instrumented `fetch` become its children. Other requests are passed on unchanged. docs/telemetry.md lists the span's attributes; these
 * names do not change.
 * @param tracer starts the spans
 * @param fetch sends the requests
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

/** The parameter `grant_type` of a token request. `undefined` for every other request, because only token requests have it. */
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
