import { steps } from './protocol-model.ts'
import { brokenLaw, type Clause, isSettled, phases, type State, start } from './protocol-state.ts'

/** How much of the world is searched. */
export interface Scope {
  readonly contexts: number
  /** How many faults (crash, hang, stolen lock, lost answer, sign-out, a family ended by the server) one history may hold. */
  readonly faults: number
  /** Whether the server ends a family when a used token comes. Default true. */
  readonly strict?: boolean
  /** The clause that is left out. */
  readonly left?: Clause
}

/** What a search found. */
export interface Found {
  readonly states: number
  readonly steps: number
  readonly ms: number
  /** The law that was broken, and the shortest way there. */
  readonly broken?: { readonly law: string; readonly trace: readonly string[] }
}

/** Where a clause is missed; two contexts, one fault and a strict server unless it says otherwise. */
const elsewhere: Partial<Record<Clause, Omit<Scope, 'left'>>> = {
  'a commit needs the grant': { contexts: 2, faults: 2 },
  'a commit needs the generation': { contexts: 2, faults: 1, strict: false },
  'who slept takes no lease back': { contexts: 3, faults: 1 },
  'a refusal leaves the lease of another': { contexts: 3, faults: 0 },
}

/** What breaks without a clause. */
export const searchWithout = (left: Clause): Found => search({ contexts: 2, faults: 1, ...elsewhere[left], left })

/** Takes every step from every state, breadth first, until a law is broken or nothing is left. */
export function search({ contexts, faults, strict = true, left }: Scope): Found {
  const began = performance.now()
  const first = start(faults, contexts, strict)
  const keyOf = keys()
  const known = new Map([[keyOf(first), 0]])
  const cameFrom: { from: number; name: string }[] = [{ from: -1, name: '' }]
  const settled: number[] = [0]
  const edges: { from: number[]; to: number[] } = { from: [], to: [] }
  const traceTo = (id: number): string[] => {
    const { from, name } = cameFrom[id]!
    return from < 0 ? [] : [...traceTo(from), name]
  }
  let broken: Found['broken']
  let taken = 0
  let from = -1
  for (let level = [first]; level.length && !broken; ) {
    const next: State[] = []
    for (const now of level) {
      from++
      const take: Parameters<typeof steps>[1] = (name, change, kind) => {
        if (broken || (kind && now.faults === 0)) return
        taken++
        const after = {
          ...now,
          strays: now.strays.length ? now.strays.map((stray) => ({ ...stray })) : now.strays,
          contexts: now.contexts.map((context) => ({ ...context })),
        }
        change(after)
        if (kind) after.faults--
        const law = brokenLaw(now, after)
        if (law) broken = { law, trace: [...traceTo(from), name] }
        const key = keyOf(after)
        let id = known.get(key)
        if (id === undefined) {
          id = known.size
          known.set(key, id)
          cameFrom.push({ from, name })
          if (isSettled(after)) settled.push(id)
          next.push(after)
        }
        if (!kind) {
          edges.from.push(from)
          edges.to.push(id)
        }
      }
      steps(now, take, left)
    }
    level = next
  }
  const stuck = broken ? -1 : firstThatNeverReaches(settled, edges, known.size)
  if (stuck >= 0) broken = { law: 'nobody waits for ever', trace: traceTo(stuck) }
  return { states: known.size, steps: taken, ms: performance.now() - began, ...(broken && { broken }) }
}

const alternatives = [
  ['none', 'plain', 'locked'],
  ['', 'signed_out', 'rejected'],
  ['alive', 'revoked', 'reused'],
  [...phases],
]
const digits = new Map<unknown, number>(
  alternatives.flatMap((words) => words.map((word, digit) => [word, digit] as const)),
)

/** A state as one number. The order of contexts is nobody's matter, so states that differ in nothing else are one. */
function keys(): (state: State) => number {
  const ids = new Map<number, number>()
  const idOf = (packed: number) => {
    const id = ids.get(packed) ?? ids.size
    ids.set(packed, id)
    if (id >= 2 ** 13) throw new Error('The model has grown too large for its keys')
    return id
  }
  const byNumber = (a: number, b: number) => a - b
  return (state) => {
    const strays = state.strays.map(pack).sort(byNumber)
    const contexts = state.contexts.map((context) => idOf(pack(context))).sort(byNumber)
    const rest = idOf(-1 - strays.reduce((sum, stray) => sum * 8 ** 2 + stray, pack(state)))
    return contexts.reduce((sum, id) => sum * 2 ** 13 + id, rest)
  }
}

/** Everything in `values` but lists, one octal digit each. */
function pack(values: object): number {
  let sum = 0
  for (const name in values) {
    const value = (values as Record<string, unknown>)[name]
    if (typeof value === 'object') continue
    sum = sum * 8 + (typeof value === 'number' ? value + 1 : (digits.get(value) ?? Number(value)))
  }
  return sum
}

/** The first state from which no way leads to one of `goals`, or -1. */
function firstThatNeverReaches(goals: readonly number[], { from, to }: { from: number[]; to: number[] }, size: number) {
  // The edges turned round: those that lead to a state lie side by side.
  const ends = new Uint32Array(size + 1)
  for (const id of to) ends[id + 1]!++
  for (let id = 0; id < size; id++) ends[id + 1]! += ends[id]!
  const starts = ends.slice()
  const sources = new Uint32Array(to.length)
  for (const [edge, id] of to.entries()) sources[starts[id]!++] = from[edge]!
  const reached = new Uint8Array(size)
  const queue = [...goals]
  for (const id of goals) reached[id] = 1
  for (const id of queue)
    for (const source of sources.subarray(ends[id], ends[id + 1])) {
      if (reached[source]) continue
      reached[source] = 1
      queue.push(source)
    }
  return reached.indexOf(0)
}
