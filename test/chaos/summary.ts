import { faultNames } from './faults.ts'
import type { ChaosResult } from './run-chaos.ts'

const list = (counts: ReadonlyMap<string, number>, no = 'none') =>
  [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([what, times]) => `${what} ${times}`)
    .join('; ') || no

/** One run in words. */
export function summary(result: ChaosResult): string {
  const { version, seed, refreshes, requests, reuse, sessions, lost, calls, longest, unanswered, restarts, restored } =
    result
  const gone =
    calls.begun - calls.answered - [...calls.failed.values()].reduce((sum, times) => sum + times, 0) - unanswered
  return [
    `${version}, seed ${seed}`,
    `  refreshes       ${refreshes} of ${requests} token requests`,
    `  reuse events    ${list(reuse)}`,
    `  sessions        ${sessions}; lost: ${list(lost)}`,
    `  calls           ${calls.begun}: answered ${calls.answered}, failed ${list(calls.failed, '0')}, gone with their page ${gone}, unanswered ${unanswered}`,
    `  longest wait    ${longest} ms`,
    `  pages restored from the back/forward cache ${restored}, browser started anew ${restarts} times`,
    ...result.violations.map((violation) => `  VIOLATION       ${violation}`),
  ].join('\n')
}

/** Fault × engine, as Markdown: how often each was done, `–` for what the engine's driver cannot do. */
export function faultTable(results: readonly ChaosResult[]): string {
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [
    row(['fault', ...results.map(({ version }) => version)]),
    row(['---', ...results.map(() => '---')]),
    ...faultNames.map((name) => row([name, ...results.map(({ faults }) => faults.get(name) ?? '–')])),
  ].join('\n')
}
