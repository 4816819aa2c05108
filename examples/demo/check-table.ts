/** What one step should have done, and did. */
export interface Row {
  readonly step: string
  readonly expected: string
  readonly seen: string
  readonly ok: boolean
  /** Milliseconds. */
  readonly took: number
}

/** The rows as a table for a terminal. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ step, expected, seen, ok, took }) => [
    step,
    expected,
    seen,
    ok ? 'ok' : 'FAILED',
    `${(took / 1000).toFixed(1)} s`,
  ])
  const all = [['step', 'expected', 'seen', '', 'time'], ...cells]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(all[0] ?? []), widths.map((width) => '─'.repeat(width)).join('  '), ...cells.map(line)].join('\n')
}
