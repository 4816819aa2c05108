import type { Decision } from './decision.ts'

/** What is needed of OpenTelemetry's `Meter` (`@opentelemetry/api`, an optional peer). */
export interface MeterLike {
  /** A sum. */
  createCounter(name: string, options?: { description?: string; unit?: string }): InstrumentLike
  /** A distribution. */
  createHistogram(name: string, options?: { description?: string; unit?: string }): InstrumentLike
}

interface InstrumentLike {
  // A counter has `add`, a histogram has `record`.
  add?(value: number, attributes: Record<string, string | number | boolean>): void
  record?(value: number, attributes: Record<string, string | number | boolean>): void
}

/**
 * Decisions as metrics: `createGuard({ …, onDecision: decisionMetrics(metrics.getMeter('api')) })`. Names are stable:
 * - `tokenward.guard.decisions`, a counter by `allowed`, `reason`, `issuer`, `route` and `degraded`;
 * - `tokenward.guard.duration`, a histogram in seconds by `allowed`.
 *
 * Nothing that names a person, a client or a token becomes an attribute.
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
