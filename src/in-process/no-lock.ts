import type { Lock } from '../ports.ts'

/** A lock that gives everybody their turn at once. A lock only shortens waiting: that there is one refresh at a time is ensured by the record. */
export const noLock: Lock = { spans: 'nothing', request: async (_name, _options, run) => run() }
