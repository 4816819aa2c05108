import type { Shrunk } from './shrink.ts'
import { describe, secondsText } from './words.ts'

/** What happened, for a person to read. */
export function story({ plan, outcome }: Shrunk, lines = 60): string {
  const { violation } = outcome
  const told = [
    violation ? `Law ${violation.law} is broken: ${violation.what}` : 'No law is broken',
    '',
    `${plan.tabs} tabs, lock: ${plan.lock}. Server: ${words(plan.server)}.`,
    `Options: ${words(plan.options)}. Noise: ${words(plan.noise) || 'none'}.`,
    '',
    ...plan.moves.map(
      (move) => `${secondsText(move.at)}  ${'tab' in move ? `tab ${move.tab + 1}` : ''}`.padEnd(20) + describe(move),
    ),
    `${secondsText(plan.ends)}  the faults end`,
  ]
  const { timeline } = outcome
  const left = Math.max(0, timeline.length - lines)
  return [...told, '', left ? `Timeline, without its first ${left} lines` : 'Timeline', ...timeline.slice(left)].join(
    '\n',
  )
}

function words(values: object): string {
  return Object.entries(values)
    .filter(([, value]) => value !== 0 && value !== false && value !== undefined)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}
