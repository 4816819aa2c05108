import type { Outcome } from './history.ts'
import type { Plan } from './plan.ts'

/** What many histories came to. */
export interface Tally {
  histories: number
  steps: number
  /** True time that went by in them, ms. */
  time: number
  contexts: number
  refreshes: number
  /** How often a server saw a used refresh token. */
  reuses: number
  longestWait: number
  /** Histories by personality. */
  readonly personalities: Record<string, number>
  /** Faults by kind. */
  readonly faults: Record<string, number>
}

export function emptyTally(): Tally {
  return {
    histories: 0,
    steps: 0,
    time: 0,
    contexts: 0,
    refreshes: 0,
    reuses: 0,
    longestWait: 0,
    personalities: {},
    faults: {},
  }
}

/** Adds one history to `tally`. */
export function countHistory(tally: Tally, plan: Plan, outcome: Outcome): void {
  const { server, lock, noise } = plan
  const { steps, time, tabs, refreshes, reuses, longestWait, faults } = outcome
  const { rotation, refusal, expiresIn, tokenType, revocation } = server
  const traits = { rotation, refusal, expires_in: expiresIn, token_type: tokenType, revocation, lock }
  const personalities = Object.fromEntries(Object.entries(traits).map(([name, trait]) => [`${name} ${trait}`, 1]))
  if (noise.networkDelay > 2_500) personalities['late answers'] = 1
  if (server.malformed) personalities['malformed answers'] = 1
  if (plan.programs) personalities['programs of one call'] = 1
  if (server.otherPerson) personalities["another person's tokens"] = 1
  addTally(tally, {
    histories: 1,
    steps,
    time,
    contexts: tabs,
    refreshes,
    reuses,
    longestWait,
    personalities,
    faults: { ...faults },
  })
}

/** Adds `more` to `tally`. */
export function addTally(tally: Tally, more: Tally): void {
  for (const name of ['histories', 'steps', 'time', 'contexts', 'refreshes', 'reuses'] as const)
    tally[name] += more[name]
  tally.longestWait = Math.max(tally.longestWait, more.longestWait)
  for (const name of ['personalities', 'faults'] as const)
    for (const [kind, count] of Object.entries(more[name])) tally[name][kind] = (tally[name][kind] ?? 0) + count
}

/** `tally` for a person; `ms` is the real time it took, `cpu` what the processors spent on it, ms. */
export function tallyText(tally: Tally, ms: number, cpu: number): string {
  const number = (value: number) => Math.round(value).toLocaleString('en')
  const counts = (values: Record<string, number>) =>
    Object.entries(values)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => `${name} ${number(count)}`)
      .join(', ')
  const { histories, steps, contexts, refreshes, reuses, longestWait, time } = tally
  return [
    `${number(histories)} histories, ${number(steps)} steps, ${number(contexts)} contexts`,
    `personalities: ${counts(tally.personalities)}`,
    `faults: ${counts(tally.faults)}`,
    `${number(refreshes)} refreshes, ${number(reuses)} of them with a used token; longest wait of a call ${(longestWait / 1000).toFixed(1)} s`,
    `simulated ${number(time / 86_400_000)} days in ${(ms / 1000).toFixed(1)} s (${(cpu / 1000).toFixed(1)} s of processor time): ${number((steps / ms) * 60_000)} steps a minute`,
  ].join('\n')
}
