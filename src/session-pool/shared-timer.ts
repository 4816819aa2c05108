import type { Clock } from '../ports.ts'

/** A clock that needs only one timer of the platform, however many alarms it has. */
export interface SharedTimer extends Clock {
  /** How many alarms wait. */
  readonly waiting: number
}

interface Alarm {
  readonly time: number
  readonly run: () => void
  /** Whether it is in the heap. */
  isWaiting: boolean
  isCancelled: boolean
}

/** How many cancelled alarms may stay in the heap. */
const CLUTTER = 1_000

/** Makes a clock with the time of `clock` and one timer. The alarms are in a binary heap. */
export function sharedTimer(clock: Clock): SharedTimer {
  let heap: Alarm[] = []
  /** How many in the heap are cancelled. */
  let cancelled = 0
  let armed: { readonly time: number; readonly stop: () => void } | undefined

  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    at(time, run) {
      const alarm = { time, run, isWaiting: true, isCancelled: false }
      push(alarm)
      arm()
      return () => cancel(alarm)
    },
    get waiting() {
      return heap.length - cancelled
    },
  }

  function cancel(alarm: Alarm) {
    if (alarm.isCancelled) return

    alarm.isCancelled = true
    if (!alarm.isWaiting) return
    cancelled++
    tidy()
  }

  function arm() {
    const [first] = heap
    if (armed?.time === first?.time) return

    armed?.stop()
    armed = first && { time: first.time, stop: clock.at(first.time, fire) }
  }

  function fire() {
    armed = undefined
    const due = takeDue()
    arm()

    // An alarm may cancel one that is due at the same time.
    for (const alarm of due) if (!alarm.isCancelled) ring(alarm)
  }

  function takeDue(): Alarm[] {
    const due: Alarm[] = []
    for (let first = heap[0]; first; first = heap[0]) {
      const isOver = first.isCancelled || first.time <= clock.elapsed()
      if (!isOver) break

      pop()
      first.isWaiting = false
      if (first.isCancelled) cancelled--
      else due.push(first)
    }
    return due
  }

  function ring(alarm: Alarm) {
    try {
      alarm.run()
    } catch (error) {
      // The error is thrown from a timer of its own. So it is reported, and the other alarms still run.
      clock.at(clock.elapsed(), () => {
        throw error
      })
    }
  }

  /** Removes cancelled alarms if there are many. Otherwise they would stay in memory until their time. */
  function tidy() {
    const isAll = cancelled === heap.length
    const isMuch = cancelled > CLUTTER && cancelled > heap.length / 2
    if (!isAll && !isMuch) return

    heap = heap.filter((alarm) => !alarm.isCancelled)
    // A sorted array is a heap.
    heap.sort((a, b) => a.time - b.time)
    cancelled = 0
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
