import type { Decision } from './decision.ts'

/** The part of OpenTelemetry's `Meter` that is used. A meter of `@opentelemetry/api`, an optional peer dependency, has this type. */
export interface MeterLike {
  /** Makes a counter: an instrument whose values are added up. */
  createCounter(name: string, options?: { description?: string; unit?: string }): InstrumentLike
  /** Makes a histogram: an instrument that shows how its values are distributed. */
  createHistogram(name: string, options?: { description?: string; unit?: string }): InstrumentLike
}

interface InstrumentLike {
  // A counter has `add`, a histogram has `record`.
  add?(value: number, attributes: Record<string, string | number | boolean>): void
  record?(value: number, attributes: Record<string, string | number | boolean>): void
}

/**
 * Turns decisions into OpenTelemetry metrics: `createGuard({ …, onDecision: decisionMetrics(metrics.getMeter('api')) })`. Their names do not
 * change:
 * - `tokenward.guard.decisions`: a counter, with the attributes `allowed`, `reason`, `issuer`, `route` and `degraded`;
 * - `tokenward.guard.duration`: a histogram in seconds, with the attribute `allowed`.
 *
 * No attribute names a person, a client or a token.
 */
export function decisionMetrics(meter: MeterLike): (decision: Decision) => void {
  const decisions = meter.createCounter('tokenward.guard.decisions', {
    description: 'Requests the guard let pass or refused',
    unit: '{decision}',
  })
  const duration = meter.createHistogram('tokenward.guard.duration', {
    description: 'How long a decision took',
    unit: 's',
  })
  return ({ allowed, reason, issuer, route, degraded, duration: ms }) => {
    decisions.add?.(1, {
      allowed,
      ...(reason && { reason }),
      ...(issuer && { issuer }),
      ...(route && { route }),
      ...(degraded && { degraded }),
    })
    duration.record?.(ms / 1_000, { allowed })
  }
}
