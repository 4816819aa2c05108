/** What is needed of OpenTelemetry's `Meter` (`@opentelemetry/api`, an optional peer). */
export interface SessionMeter {
  /** A sum. */
  createCounter(name: string, options?: InstrumentOptions): CounterLike
  /** A distribution. */
  createHistogram(name: string, options?: InstrumentOptions): HistogramLike
}

/** How an instrument is described. */
export interface InstrumentOptions {
  /** In words. */
  description?: string
  /** UCUM. */
  unit?: string
}

/** What is told beside a value. */
export type Attributes = Record<string, string | number | boolean>

/** A sum. */
export interface CounterLike {
  /** Adds to it. */
  add(value: number, attributes: Attributes): void
}

/** A distribution. */
export interface HistogramLike {
  /** Adds a value to it. */
  record(value: number, attributes: Attributes): void
}

/** A manager, a session pool, or a client's own tokens: whatever has an `on`. */
export interface EventSource {
  /** Calls `listener` for each event of one type. Returns a function that ends this. */
  on(type: never, listener: never): () => void
}

/** The members of events that become values and attributes. */
interface Details {
  readonly reason?: string
  readonly outcome?: string
  readonly duration?: number
  readonly attempt?: number
  readonly kind?: string
  readonly final?: boolean
  readonly replaced?: boolean
  readonly ahead?: boolean
}

/**
 * What happens to tokens, as metrics: `sessionMetrics(metrics.getMeter('app'), tokens)`, for a manager, a session pool, and a client's own
 * tokens. Names and attributes are stable; docs/telemetry.md has them. Nothing that names a person, an account, a grant or a token becomes an
 * attribute.
 * @returns a function that ends this
 */
export function sessionMetrics(meter: SessionMeter, source: EventSource): () => void {
  // The events of the three differ; what one of them never tells is never heard.
  const on = source.on as (type: string, listener: (event: Details) => void) => () => void
  const count = (name: string, unit: string, description: string) =>
    meter.createCounter(`tokenward.${name}`, { unit: `{${unit}}`, description })
  const time = (name: string, description: string) =>
    meter.createHistogram(`tokenward.${name}`, { unit: 's', description })

  const refreshes = count('session.refreshes', 'refresh', 'Refreshes made here, by what came of them')
  const refreshTime = time('session.refresh.duration', 'How long a refresh took, from the call to the commit')
  const wait = time('session.refresh.wait', "How long calls waited for another context's refresh")
  const retries = count('session.refresh.retries', 'retry', 'Refresh tokens that were sent again after a lost answer')
  const signIns = count('session.sign_ins', 'sign-in', 'Sign-ins that came back')
  const signOuts = count('session.sign_outs', 'sign-out', 'Sessions that ended, by why')
  const revocations = count('session.revocations', 'revocation', 'Revocations at the authorization server')
  const rejections = count('session.rejections', 'rejection', 'Tokens that an API refused before they expired')
  const requests = count('client.requests', 'request', "Requests for a client's own tokens")
  const requestTime = time('client.request.duration', "How long a request for a client's own token took")

  const undo = [
    on('refreshed', ({ duration = 0, attempt = 1 }) => {
      refreshes.add(1, { outcome: 'refreshed' })
      refreshTime.record(duration / 1_000, { outcome: 'refreshed' })
      if (attempt > 1) retries.add(attempt - 1, {})
    }),
    on('refresh_failed', ({ outcome = 'failed', reason = '', duration = 0 }) => {
      refreshes.add(1, { outcome, reason })
      refreshTime.record(duration / 1_000, { outcome })
    }),
    on('adopted', () => refreshes.add(1, { outcome: 'adopted' })),
    on('waited', ({ duration = 0 }) => wait.record(duration / 1_000, {})),
    on('signed_in', () => signIns.add(1, { outcome: 'signed_in' })),
    on('sign_in_failed', ({ reason = '' }) => signIns.add(1, { outcome: 'failed', reason })),
    on('signed_out', ({ reason = '' }) => signOuts.add(1, { reason })),
    on('revoked', ({ kind = '' }) => revocations.add(1, { kind, outcome: 'revoked' })),
    on('revocation_failed', ({ kind = '', reason = '', final = false }) =>
      revocations.add(1, { kind, reason, outcome: final ? 'given_up' : 'failed' }),
    ),
    on('token_rejected', ({ reason = 'not_said', replaced = false }) => rejections.add(1, { reason, replaced })),
    on('obtained', ({ duration = 0, ahead = false }) => {
      requests.add(1, { outcome: 'obtained', ahead })
      requestTime.record(duration / 1_000, { outcome: 'obtained' })
    }),
    on('request_failed', ({ duration = 0, reason = '' }) => {
      requests.add(1, { outcome: 'failed', reason })
      requestTime.record(duration / 1_000, { outcome: 'failed' })
    }),
  ]
  return () => {
    for (const stop of undo) stop()
  }
}
