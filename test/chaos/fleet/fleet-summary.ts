import { fleetFaultNames } from './fleet-faults.ts'
import type { FleetChaosResult } from './run-fleet-chaos.ts'

const list = (counts: ReadonlyMap<string, number>, no = 'none') =>
  [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([what, times]) => `${what} ${times}`)
    .join('; ') || no

/** One run in words, and what was done to it as Markdown. */
export function fleetSummary(result: FleetChaosResult): string {
  const { seed, processes, refreshes, requests, reuse, sessions, lost, calls, longest, unanswered, converged, usable } =
    result
  const failed = [...calls.failed.values()].reduce((sum, times) => sum + times, 0)
  const gone = calls.begun - calls.answered - failed - unanswered
  return [
    `seed ${seed}, ${processes} processes in all`,
    `  refreshes       ${refreshes} of ${requests} token requests`,
    `  reuse events    ${list(reuse)}`,
    `  sessions        ${sessions}; lost: ${list(lost)}`,
    `  calls           ${calls.begun}: answered ${calls.answered}, failed ${list(calls.failed, '0')}, gone with their process ${gone}, unanswered ${unanswered}`,
    `  longest wait    ${longest} ms`,
    `  Redis usable    ${Math.round(100 * usable)} % of the time`,
    `  converged       ${converged === undefined ? 'never' : `${converged} ms after the last fault`}`,
    ...result.violations.map((violation) => `  VIOLATION       ${violation}`),
    '',
    '| fault | times |',
    '| --- | --- |',
    ...fleetFaultNames.map((name) => `| ${name} | ${result.faults.get(name) ?? 0} |`),
  ].join('\n')
}
