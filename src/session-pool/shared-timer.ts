import type { Clock } from '../ports.ts'

/** A clock on which any number wait and one timer of the platform runs. */
export interface SharedTimer extends Clock {
  /** How many wait. */
  readonly waiting: number
}

interface Alarm {
  readonly time: number
  readonly run: () => void
  cancelled: boolean
}

/** How many cancelled alarms are put up with. */
const CLUTTER = 1_000

/** `clock`, with one timer for all: a binary heap of what waits. */
export function sharedTimer(clock: Clock): SharedTimer {
  let heap: Alarm[] = []
  let cancelled = 0
  let armed: { readonly time: number; readonly stop: () => void } | undefined

  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    at(time, run) {
      const alarm = { time, run, cancelled: false }
      push(alarm)
      arm()
      return () => {
        if (alarm.cancelled) return
        alarm.cancelled = true
        cancelled++
        tidy()
      }
    },
    get waiting() {
      return heap.length - cancelled
    },
  }

  function arm() {
    const [first] = heap
    if (armed?.time === first?.time) return
    armed?.stop()
    armed = first && { time: first.time, stop: clock.at(first.time, fire) }
  }

  function fire() {
    armed = undefined
    const due: Alarm[] = []
    for (let first = heap[0]; first && (first.cancelled || first.time <= clock.elapsed()); first = heap[0]) {
      pop()
      if (first.cancelled) cancelled--
      else due.push(first)
    }
    arm()
    for (const alarm of due) {
      if (alarm.cancelled) {
        cancelled--
        continue
      }
      // Its own undo may still be called.
      alarm.cancelled = true
      try {
        alarm.run()
      } catch (error) {
        // As a timer of its own would: it is seen, and keeps none of the others waiting.
        clock.at(clock.elapsed(), () => {
          throw error
        })
      }
    }
  }

  /** Lets go of what was cancelled, so that memory does not wait for its time. */
  function tidy() {
    if (cancelled === heap.length) {
      heap = []
      cancelled = 0
    } else if (cancelled > CLUTTER && cancelled > heap.length / 2) {
      heap = heap.filter((alarm) => !alarm.cancelled)
      // Sorted is a heap.
      heap.sort((a, b) => a.time - b.time)
      cancelled = 0
    } else return
    arm()
  }

  function push(alarm: Alarm) {
    let index = heap.push(alarm) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Alarm
      if (above.time <= alarm.time) break
      heap[index] = above
      heap[parent] = alarm
      index = parent
    }
  }

  function pop() {
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      const right = heap[child + 1]
      if (right && right.time < (heap[child] as Alarm).time) child++
      const below = heap[child]
      if (!below || last.time <= below.time) break
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}
