import type { Random } from './random.ts'

/** Something that will happen. */
export interface Pending {
  /** When, in true time. */
  time: number
  /** Breaks ties, at random. */
  readonly tie: number
  /** The tab whose event loop has to be awake for it; absent: it happens in the world outside. */
  readonly tab?: Sleeper | undefined
  /** Waits on the machine's clock, so sleeping delays it. */
  readonly onMachine: boolean
  run: (() => void) | undefined
}

/** An event loop that may stand still, or be gone. */
export interface Sleeper {
  /** `held`: what happens only once it is awake again. */
  readonly held: Pending[]
  frozen: boolean
  gone: boolean
  /** Called after each step of its own. */
  stepped?(): void
}

/** Time that goes by only from one thing to the next. */
export interface VirtualTime {
  /** True time, ms. */
  readonly now: number
  /** For how long the machine has been awake, ms. */
  readonly awake: number
  /** When the machine wakes up, if it sleeps. */
  readonly asleepUntil: number
  /** How many things have happened. */
  readonly steps: number
  /** Something in the world outside. */
  later(delay: number, run: () => void): Pending
  /** Something in `tab`'s event loop. */
  inTab(tab: Sleeper, delay: number, run: () => void): Pending
  /** The machine sleeps for `ms`, the world does not. */
  sleep(ms: number): void
  thaw(tab: Sleeper): void
  /** Lets things happen, one after the other with all promises that follow from each, up to `until`. */
  run(until: number, stop?: () => boolean): Promise<void>
  /** How much still waits to happen in `tab`, later than `after` ms from now. */
  pendingIn(tab: Sleeper, after: number): number
}

/**
 * Time that begins at 0; `ties` decides what comes first of things due at the same time. `prompt`: a rejection that nobody
 * handles at once is told at once, which takes longer.
 */
export function virtualTime(ties: Random, prompt: boolean): VirtualTime {
  const settled = prompt ? wholeTurn : microtasks
  const heap: Pending[] = []
  let now = 0
  let slept = 0
  let asleepUntil = 0
  let steps = 0

  const time: VirtualTime = {
    get now() {
      return now
    },
    get awake() {
      return Math.max(now, asleepUntil) - slept
    },
    get asleepUntil() {
      return asleepUntil
    },
    get steps() {
      return steps
    },
    later: (delay, run) => add({ time: now + delay, tie: ties.next(), onMachine: false, run }),
    inTab: (tab, delay, run) => add({ time: now + delay, tie: ties.next(), tab, onMachine: true, run }),
    sleep(ms) {
      if (now < asleepUntil) return
      slept += ms
      asleepUntil = now + ms
      for (const pending of heap) if (pending.onMachine) pending.time += ms
      heap.sort(before)
    },
    thaw(tab) {
      tab.frozen = false
      for (const pending of tab.held.splice(0)) {
        pending.time = now + ties.between(0, 3)
        add(pending)
      }
    },
    async run(until, stop) {
      await settled()
      for (let next = heap[0]; next && next.time <= until && !stop?.(); next = heap[0]) {
        take()
        const { tab, run } = next
        if (!run || tab?.gone) continue
        now = Math.max(now, next.time)
        if (tab && now < asleepUntil) {
          next.time = asleepUntil
          add(next)
        } else if (tab?.frozen) tab.held.push(next)
        else {
          steps++
          next.run = undefined
          run()
          await settled()
          if (!tab?.stepped) continue
          tab.stepped()
          await settled()
        }
      }
      if (until < Infinity && !stop?.()) now = Math.max(now, until)
    },
    pendingIn: (tab, after) =>
      [...heap, ...tab.held].filter(({ run, tab: its, time: due }) => run && its === tab && due >= now + after).length,
  }
  return time

  function add(pending: Pending): Pending {
    let index = heap.length
    heap.push(pending)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (before(heap[parent] as Pending, pending) <= 0) break
      heap[index] = heap[parent] as Pending
      index = parent
    }
    heap[index] = pending
    return pending
  }

  function take(): void {
    const last = heap.pop() as Pending
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Pending, heap[child] as Pending) < 0) child++
      if (before(heap[child] as Pending, last) >= 0) break
      heap[index] = heap[child] as Pending
      index = child
    }
    heap[index] = last
  }
}

const before = (a: Pending, b: Pending): number => a.time - b.time || a.tie - b.tie

const wholeTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A tick comes only after every microtask, and those that follow from them. */
const microtasks = () => new Promise<void>((resolve) => process.nextTick(resolve))
