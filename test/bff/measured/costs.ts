/** Somebody who sends a call on to the API. */
export interface Way {
  readonly name: string
  /** One call, answered. */
  call(): Promise<void>
}

/** Takes down one line of the result. */
export type Report = (what: string, is: number | string, atMost?: number, unit?: string) => void

/** Calls of one round, one after the other; and how many rounds. */
const CALLS = 100
const ROUNDS = 15
/** How many call at once, and how often each of them in one round. */
const CROWD = 32
const CALLS_OF_EACH = 16

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/**
 * What a call costs by each way. They take turns, round by round, so that what else the machine does at the time hits all of them; the first way
 * is what the others are held against.
 */
export async function costs({ ways, report }: { ways: readonly Way[]; report: Report }): Promise<void> {
  for (const { call } of ways) for (let n = 0; n < 300; n++) await call()

  const times = ways.map((): number[] => [])
  const rates = ways.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, way] of ways.entries()) {
      times[index]?.push(await timeOf(way))
      rates[index]?.push(await rateOf(way))
    }

  const [plain = 0] = times.map(median)
  for (const [index, { name }] of ways.entries()) {
    const time = median(times[index] ?? [])
    report(`one call after the other, median of ${ROUNDS} rounds: ${name}`, time.toFixed(2), undefined, ' ms')
    if (index > 0) report('… added to plain proxying', (time - plain).toFixed(2), undefined, ' ms')
  }
  for (const [index, { name }] of ways.entries())
    report(
      `${CROWD} callers, median of ${ROUNDS} rounds: ${name}`,
      median(rates[index] ?? []).toFixed(0),
      undefined,
      '/s',
    )
}

async function timeOf({ call }: Way): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < CALLS; n++) {
    const began = performance.now()
    await call()
    times.push(performance.now() - began)
  }
  return median(times)
}

async function rateOf({ call }: Way): Promise<number> {
  const began = performance.now()
  await Promise.all(
    Array.from({ length: CROWD }, async () => {
      for (let left = CALLS_OF_EACH; left > 0; left--) await call()
    }),
  )
  return ((CROWD * CALLS_OF_EACH) / (performance.now() - began)) * 1_000
}
