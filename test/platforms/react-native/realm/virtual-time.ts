import type { Shell } from './realm.ts'

/** Time that goes by when the test says so, and timers on it. */
export interface VirtualTime {
  readonly elapsed: () => number
  setTimeout(run: () => void, delay?: number): number
  clearTimeout(id: number): void
  /** Lets `duration` ms go by. */
  pass(duration: number): Promise<void>
  /** Waits for `promise`, and lets time go by while nothing else happens: up to a minute, beside what {@link pass} lets go by. */
  settled<T>(promise: Promise<T>): Promise<T>
}

interface Timer {
  readonly id: number
  readonly due: number
  readonly run: () => void
}

export function virtualTime({ turn }: Shell): VirtualTime {
  let now = 0
  let lastId = 0
  let timers: readonly Timer[] = []
  let isPassing = false

  // Several, for a stream takes a few turns to hand on what it was given.
  const turns = async () => {
    for (let count = 0; count < 5; count++) await new Promise<void>((resolve) => turn(resolve))
  }

  const next = (until: number): Timer | undefined => {
    const due = timers.filter((timer) => timer.due <= until)
    return due.sort((one, other) => one.due - other.due || one.id - other.id)[0]
  }

  const fire = (timer: Timer) => {
    timers = timers.filter(({ id }) => id !== timer.id)
    now = Math.max(now, timer.due)
    timer.run()
  }

  const fireNext = (until: number) => {
    const timer = next(until)
    if (!timer) throw new Error('Nothing came of it within a minute')
    fire(timer)
  }

  return {
    elapsed: () => now,
    setTimeout(run, delay = 0) {
      lastId++
      timers = [...timers, { id: lastId, due: now + Math.max(0, delay), run }]
      return lastId
    },
    clearTimeout(id) {
      timers = timers.filter((timer) => timer.id !== id)
    },
    async pass(duration) {
      const until = now + duration
      isPassing = true
      await turns()
      for (let timer = next(until); timer; timer = next(until)) {
        fire(timer)
        await turns()
      }
      now = until
      isPassing = false
    },
    async settled(promise) {
      let until = now + 60_000
      let isSettled = false
      const settle = () => {
        isSettled = true
      }
      promise.then(settle, settle)

      await turns()
      while (!isSettled) {
        if (isPassing) until = now + 60_000
        else fireNext(until)
        await turns()
      }
      return promise
    },
  }
}
