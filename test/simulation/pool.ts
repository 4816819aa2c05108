import { Worker } from 'node:worker_threads'
import { addTally, emptyTally, type Tally } from './tally.ts'
import type { Failure, Report, Task } from './worker.ts'

// Whoever asks may run TypeScript in a way of its own.
const typescript = ['--import', new URL('../../scripts/typescript.mjs', import.meta.url).href]

/** What to simulate. */
export interface Simulation {
  readonly histories: number
  /** The first seed; the others follow it. */
  readonly seed: number
  readonly workers: number
  /** The name of a planted fault. */
  readonly fault?: string | undefined
  /** After how many failures to stop; default 1. */
  readonly failures?: number
  /** How many histories a worker takes at once. */
  readonly batch?: number
  /** Ends it early: what was begun is finished. */
  readonly signal?: AbortSignal
  readonly progress?: (tally: Tally) => void
  /** Hears of each failure as it is found. */
  readonly failed?: (failure: Failure) => void
}

/** What came of it. */
export interface Simulated {
  readonly tally: Tally
  /** In the order of their seeds. Batches that were begun are finished, so the first one is always the same. */
  readonly failures: readonly Failure[]
}

/** Runs histories in worker threads, until all are done or laws were broken often enough. */
export async function simulate(simulation: Simulation): Promise<Simulated> {
  const { histories, seed, fault, failures: most = 1, signal, progress, failed, batch = 100 } = simulation
  const tally = emptyTally()
  const failures: Failure[] = []
  let next = seed

  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        workerData: { fault },
        execArgv: typescript,
      })
      const more = () => {
        const count = Math.min(batch, seed + histories - next)
        if (failures.length >= most || count <= 0 || signal?.aborted) {
          void worker.terminate().then(() => resolve())
          return
        }
        worker.postMessage({ from: next, count } satisfies Task)
        next += count
      }
      worker.on('error', reject)
      worker.on('message', (report: Report | 'ready') => {
        if (report !== 'ready') {
          addTally(tally, report.tally)
          failures.push(...report.failures)
          for (const failure of report.failures) failed?.(failure)
          progress?.(tally)
        }
        more()
      })
    })
  const workers = Math.max(1, Math.min(simulation.workers, Math.ceil(histories / batch)))
  await Promise.all(Array.from({ length: workers }, work))
  return { tally, failures: failures.sort((a, b) => a.seed - b.seed) }
}
