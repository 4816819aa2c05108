import { type Outcome, runHistory, type Subject } from './history.ts'
import type { Noise, Plan } from './plan.ts'

/** A history that still breaks the law, with as little in it as could be found. */
export interface Shrunk {
  readonly plan: Plan
  readonly outcome: Outcome
  /** How many things happen in it: moves, and kinds of noise. */
  readonly length: number
}

/** Leaves out of `plan` whatever the broken law does not need. */
export async function shrink(plan: Plan, subject: Subject, law: number, tries = 400): Promise<Shrunk> {
  let best = plan
  let left = tries
  const still = async (candidate: Plan): Promise<boolean> => {
    if (left-- <= 0) return false
    const { violation } = await runHistory(candidate, subject)
    if (violation?.law !== law) return false
    best = candidate
    return true
  }

  for (let before = Infinity; left > 0 && lengthOf(best) < before; ) {
    before = lengthOf(best)
    for (let size = Math.max(1, best.moves.length >> 1); size >= 1; size >>= 1) {
      for (let from = best.moves.length - size; from >= 0; from -= size) {
        const moves = [...best.moves.slice(0, from), ...best.moves.slice(from + size)]
        await still({ ...best, moves })
      }
    }
    for (const name of Object.keys(best.noise) as (keyof Noise)[])
      if (best.noise[name]) await still({ ...best, noise: { ...best.noise, [name]: 0 } })
    if (best.lock !== 'shared') await still({ ...best, lock: 'shared' })
    const { idleTimeout, maxAge, interval, ...options } = best.options
    if (idleTimeout ?? maxAge ?? interval) await still({ ...best, options })
    for (const [name, plain] of Object.entries(ordinary))
      if (best.server[name as keyof typeof ordinary] !== plain)
        await still({ ...best, server: { ...best.server, [name]: plain } })
  }
  return { plan: best, outcome: await runHistory(best, subject, { timeline: true }), length: lengthOf(best) }
}

const ordinary = {
  rotation: 'strict',
  refusal: 'invalid_grant',
  expiresIn: 'number',
  tokenType: 'Bearer',
  revocation: 'works',
  idTokens: false,
  malformed: 0,
  otherPerson: 0,
} as const

function lengthOf({ moves, noise }: Plan): number {
  return moves.length + Object.values(noise).filter(Boolean).length
}
