/** A mistake that somebody could make in the sources. */
export interface Fault {
  readonly name: string
  /** In `src`. */
  readonly file: string
  /** What is there now, exactly once. */
  readonly find: string
  readonly replacement: string
}

/** Every one of them breaks a law. */
export const faults: readonly Fault[] = [
  {
    name: 'no re-read after the lock',
    file: 'session/refresh.ts',
    find: 'const record = await session.read()\n    const settled = settledBy(session, record, request)\n    if (settled) return settled\n    if (!record',
    replacement:
      'const record = hold.claim ? await session.read() : session.live\n    const settled = undefined as never\n    if (settled) return settled\n    if (!record',
  },
]
