import { JournalEntry } from "./several-entries.js";
import { EpochMs, Fetch } from "./browser.js";
export { Journal, JournalOptions, JournalSource, journal } from "./several-entries.js";
declare function describeEntry(entry: JournalEntry): string;
interface SignOutExplanation {
    readonly at: EpochMs;
    readonly reason: string;
    readonly by: "app" | "server" | "limit" | "device";
    readonly summary: string;
    readonly steps: readonly ExplainedStep[];
    readonly advice?: string | undefined;
}
interface ExplainedStep {
    readonly at: EpochMs;
    readonly context: string;
    readonly text: string;
}
declare function explainSignOut(entries: readonly JournalEntry[]): SignOutExplanation | undefined;
interface SessionMeter {
    createCounter(name: string, options?: InstrumentOptions): CounterLike;
    createHistogram(name: string, options?: InstrumentOptions): HistogramLike;
}
interface InstrumentOptions {
    description?: string;
    unit?: string;
}
type Attributes = Record<string, string | number | boolean>;
interface CounterLike {
    add(value: number, attributes: Attributes): void;
}
interface HistogramLike {
    record(value: number, attributes: Attributes): void;
}
interface EventSource {
    on(type: never, listener: never): () => void;
}
declare function sessionMetrics(meter: SessionMeter, source: EventSource): () => void;
interface TracerLike {
    startActiveSpan<Result>(name: string, options: {
        readonly kind: number;
        readonly attributes: Attributes;
    }, run: (span: SpanLike) => Result): Result;
}
interface SpanLike {
    setAttribute(name: string, value: string | number | boolean): unknown;
    setStatus(status: {
        readonly code: number;
    }): unknown;
    end(): void;
}
interface TracedFetchOptions {
    readonly inject?: (carrier: Record<string, string>) => void;
}
declare function tracedFetch(tracer: TracerLike, fetch: Fetch, { inject }?: TracedFetchOptions): Fetch;
export { JournalEntry, describeEntry, explainSignOut, sessionMetrics, tracedFetch };
export type { Attributes, CounterLike, EventSource, ExplainedStep, HistogramLike, InstrumentOptions, SessionMeter, SignOutExplanation, SpanLike, TracedFetchOptions, TracerLike };
