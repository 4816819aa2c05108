import type { Lock } from '../ports.ts'

/** No lock: whoever asks goes on at once. One refresh rests on the stored record, and a lock only saves waiting for it. */
export const noLock: Lock = { spans: 'nothing', request: async (_name, _options, run) => run() }
