import { register } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { type Fault, faults } from './faults.ts'
import { runHistory, type Subject } from './history.ts'
import { plan } from './plan.ts'
import { shrink } from './shrink.ts'
import { story } from './story.ts'
import { countHistory, emptyTally, type Tally } from './tally.ts'

/** Which histories are to be run. */
export interface Task {
  readonly from: number
  readonly count: number
}

/** What came of them. */
export interface Report {
  readonly tally: Tally
  readonly failures: readonly Failure[]
}

/** A law that was broken, and how. */
export interface Failure {
  readonly seed: number
  readonly law: number
  readonly what: string
  /** The shrunk story. */
  readonly story: string
  readonly length: number
}

// Nobody reads the stacks of the errors that the sources make.
Error.stackTraceLimit = 0
const { fault: planted } = workerData as { fault?: string }
const fault = faults.find(({ name }) => name === planted)
if (planted !== undefined && !fault) throw new Error(`There is no fault ${planted}`)
const subject = await load(fault)
parentPort?.on('message', (task: Task) => void run(task))
parentPort?.postMessage('ready')

/** The sources, with `fault` in them; the files stay as they are. */
async function load(planted: Fault | undefined): Promise<Subject> {
  if (planted) register('./fault-hooks.mjs', import.meta.url, { data: planted })
  return import('../../src/index.ts')
}

async function run({ from, count }: Task) {
  const tally = emptyTally()
  const failures: Failure[] = []
  for (let seed = from; seed < from + count; seed++) {
    const planned = plan(seed)
    const outcome = await runHistory(planned, subject)
    countHistory(tally, planned, outcome)
    if (!outcome.violation) continue
    const { law } = outcome.violation
    const shrunk = await shrink(planned, subject, law)
    const { what } = shrunk.outcome.violation ?? outcome.violation
    failures.push({ seed, law, what, story: story(shrunk), length: shrunk.length })
    // One of a kind is enough: shrinking takes as long as hundreds of histories.
    break
  }
  parentPort?.postMessage({ tally, failures } satisfies Report)
}
