/** A line that ends a part of the suite; the totals of all parts are sums of these. */
const line = /^(\d+) passed, (\d+) failed$/

/** @typedef {{ passed: number, failed: number }} Totals */

/**
 * What a part printed as its totals: its last line of that form.
 * A part that printed none counts as one test, failed unless it exited with 0; one that exited otherwise never counts as passed.
 *
 * @param {string} output
 * @param {boolean} ok whether it exited with 0, in time and with nothing left running
 * @returns {Totals}
 */
export function readTotals(output, ok) {
  const found = output
    .split('\n')
    .map((text) => line.exec(text.trim()))
    .findLast(Boolean)
  if (!found) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 }
  const [passed, failed] = [Number(found[1]), Number(found[2])]
  return { passed, failed: ok ? failed : Math.max(failed, 1) }
}

/** The heading vitest puts over the errors of what failed. */
const heading = /⎯.*(Failed (Suites|Tests) \d+|Unhandled Errors).*⎯/

/**
 * What a part that failed printed about it: what stands under vitest's first heading of failures, else its last lines.
 * It is shown once more at the end of a run, where somebody who keeps only the end of a log finds it.
 *
 * @param {string} output
 * @param {number} [most] lines
 */
export function readFailures(output, most = 80) {
  const lines = output.trimEnd().split('\n')
  const first = lines.findIndex((text) => heading.test(text))
  return (first < 0 ? lines.slice(-most) : lines.slice(first, first + most)).join('\n')
}

/**
 * @param {readonly Totals[]} parts
 * @returns {string} the line
 */
export function totalsLine(parts) {
  const sum = (/** @type {keyof Totals} */ key) => parts.reduce((total, part) => total + part[key], 0)
  return `${sum('passed')} passed, ${sum('failed')} failed`
}
