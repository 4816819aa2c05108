import type { Answer } from './page/question.ts'

/** How often, how often the session survived, and what else the other tabs were told. */
export interface Count {
  times: number
  survived: number
  readonly otherwise: Map<string, number>
}

/** A new one. */
export const count = (): Count => ({ times: 0, survived: 0, otherwise: new Map() })

/** Counts what another tab was told, and says whether the session survived. */
export function note(one: Count | undefined, { got = '', state = '' }: Answer): boolean {
  const survived = got === 'a token' && state === 'signedIn'
  if (one && survived) one.survived++
  bump(one, survived ? undefined : `${got}, ${state}`)
  return survived
}

/** Counts one time. */
export function bump(one: Count | undefined, what?: string) {
  if (!one) return
  one.times++
  if (what !== undefined) one.otherwise.set(what, (one.otherwise.get(what) ?? 0) + 1)
}
