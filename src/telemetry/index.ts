export { describeEntry } from './describe-entry.ts'
export { type ExplainedStep, explainSignOut, type SignOutExplanation } from './explain-sign-out.ts'
export { type Journal, type JournalOptions, type JournalSource, journal } from './journal.ts'
export type { JournalEntry } from './journal-entry.ts'
export {
  type Attributes,
  type CounterLike,
  type EventSource,
  type HistogramLike,
  type InstrumentOptions,
  type SessionMeter,
  sessionMetrics,
} from './session-metrics.ts'
export { type SpanLike, type TracedFetchOptions, type TracerLike, tracedFetch } from './traced-fetch.ts'
