/** The part of OpenTelemetry's `Meter` that is used. A meter of `@opentelemetry/api`, an optional peer dependency, has this type. */
export interface SessionMeter {
  /** Makes a counter: an instrument whose values are added up. */
  createCounter(name: string, options?: InstrumentOptions): CounterLike
  /** Makes a histogram: an instrument that shows how its values are distributed. */
  createHistogram(name: string, options?: InstrumentOptions): HistogramLike
}

/** How an instrument is described to those who read its values. */
export interface InstrumentOptions {
  /** What it measures, in English. */
  description?: string
  /** Its unit, as UCUM (the Unified Code for Units of Measure) writes it: `s`, `{refresh}`. */
  unit?: string
}

/** Names and values that are recorded together with a measurement. docs/telemetry.md lists them. */
export type Attributes = Record<string, string | number | boolean>

/** The part of OpenTelemetry's `Counter` that is used. */
export interface CounterLike {
  /** Adds `value` to the counter. */
  add(value: number, attributes: Attributes): void
}

/** The part of OpenTelemetry's `Histogram` that is used. */
export interface HistogramLike {
  /** Records `value`. */
  record(value: number, attributes: Attributes): void
}

/** What metrics are taken from: a manager, a session pool, or a client's own tokens. */
export interface EventSource {
  /** Calls `listener` for each event of one type. Returns a function that ends this. */
  on(type: never, listener: never): () => void
}

/** The members of events that are measured or become attributes. */
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
 * Turns the events of `source` into OpenTelemetry metrics: `sessionMetrics(metrics.getMeter('app'), tokens)`. docs/telemetry.md lists the
 * metrics and their attributes; these names do not change. No attribute names a person, an account, a grant or a token.
 * @param meter makes the instruments
 * @param source a manager, a session pool, or a client's own tokens
 * @returns a function that ends this
 */
export function sessionMetrics(meter: SessionMeter, source: EventSource): () => void {
  // Each kind of source has other types of events. A listener for a type that this source does not have is never called.
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
