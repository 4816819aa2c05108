import type { Clock } from '../ports.ts'
import type { SessionRecord } from './record.ts'

/** The parts of the record whose age is measured. A part ages as long as it does not change. */
export type Watched = 'lease' | 'doubt' | 'failure'

/** Measures for how long parts of the record have not changed, on this context's own clock. Contexts never compare their clocks. */
export interface RecordWatch {
  /** Called after every read and write. */
  note(record: SessionRecord | undefined): void
  /** Called after a read that failed. During that time the owner of a lease may have written a beat that could not be seen. */
  noteFailure(): void
  /**
   * For how long this context has seen this part unchanged, in milliseconds. 0 if it is new. A doubt that was there before this context has its
   * age by the wall clock, because contexts may be too short-lived to see it age.
   */
  unchangedFor(what: Watched, record: SessionRecord): number
}

/** Makes a watch that has seen nothing yet. */
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

  /** How old a part is already when it is seen first. If the wall clock was set back, it counts as new. */
  function ageOf(what: Watched, { doubtAt }: SessionRecord): number {
    return what === 'doubt' && doubtAt !== undefined ? Math.max(clock.now() - doubtAt, 0) : 0
  }
}

function markOf(what: Watched, { grantId, generation, lease, doubt, failure }: SessionRecord): string | undefined {
  if (what === 'lease') return lease && [grantId, generation, lease.owner, lease.beat].join()
  return what === 'doubt' ? doubt : failure?.beat
}
