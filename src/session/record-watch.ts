import type { Clock } from '../ports.ts'
import type { SessionRecord } from './record.ts'

/** What is watched: as long as it stays the same, it ages. */
export type Watched = 'lease' | 'doubt' | 'failure'

/** Since when things in the record look the way they do, on this context's own clock: contexts never compare clocks. */
export interface RecordWatch {
  /** To be called after every read and write. */
  note(record: SessionRecord | undefined): void
  /** To be called after a read that failed: who could not read cannot say that an owner did not show itself. */
  noteFailure(): void
  /**
   * For how long this context has been seeing what `record` says of it, ms; 0 for something new. A doubt that was there before this context
   * has its age by the wall clock: no context may live long enough to see it age.
   */
  unchangedFor(what: Watched, record: SessionRecord): number
}

/** Nothing seen yet. */
export function recordWatch(clock: Clock): RecordWatch {
  const seen = new Map<Watched, { readonly mark: string; readonly since: number }>()
  return {
    note(record) {
      for (const what of ['lease', 'doubt', 'failure'] as const) {
        const mark = record && markOf(what, record)
        if (!record || mark === undefined) seen.delete(what)
        else if (seen.get(what)?.mark !== mark) seen.set(what, { mark, since: clock.elapsed() - ageOf(what, record) })
      }
    },
    noteFailure: () => void seen.delete('lease'),
    unchangedFor(what, record) {
      const known = seen.get(what)
      return known && known.mark === markOf(what, record) ? clock.elapsed() - known.since : 0
    },
  }

  /** How old it is already; a wall clock that went back says nothing. */
  function ageOf(what: Watched, { doubtAt }: SessionRecord): number {
    return what === 'doubt' && doubtAt !== undefined ? Math.max(clock.now() - doubtAt, 0) : 0
  }
}

function markOf(what: Watched, { grantId, generation, lease, doubt, failure }: SessionRecord): string | undefined {
  if (what === 'lease') return lease && [grantId, generation, lease.owner, lease.beat].join()
  return what === 'doubt' ? doubt : failure?.beat
}
