import { Worker } from 'node:worker_threads'
import { addTally, emptyTally, type Tally } from './tally.ts'
import type { Failure, Report, Task } from './worker.ts'

/** What to simulate. */
export interface Simulation {
  readonly histories: number
  /** The first seed; the others follow it. */
  readonly seed: number
  readonly workers: number
  /** The name of a planted fault. */
  readonly fault?: string | undefined
  /** How many histories a worker takes at once. */
  readonly batch?: number
  readonly progress?: (tally: Tally) => void
}

/** What came of it. */
export interface Simulated {
  readonly tally: Tally
  /** The failure with the smallest seed among those that were found. */
  readonly failure: Failure | undefined
}

/** Runs histories in worker threads, until all are done or a law was broken. */
export async function simulate(simulation: Simulation): Promise<Simulated> {
  const { histories, seed, fault, progress, batch = 100 } = simulation
  const tally = emptyTally()
  const failures: Failure[] = []
  let next = seed

  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { fault } })
      const more = () => {
        const count = Math.min(batch, seed + histories - next)
        if (failures.length > 0 || count <= 0) {
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
          if (report.failure) failures.push(report.failure)
          progress?.(tally)
        }
        more()
      })
    })
  const workers = Math.max(1, Math.min(simulation.workers, Math.ceil(histories / batch)))
  await Promise.all(Array.from({ length: workers }, work))
  const [failure] = failures.sort((a, b) => a.seed - b.seed)
  return { tally, failure }
}
