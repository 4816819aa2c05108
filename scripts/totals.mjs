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

/**
 * @param {readonly Totals[]} parts
 * @returns {string} the line
 */
export function totalsLine(parts) {
  const sum = (/** @type {keyof Totals} */ key) => parts.reduce((total, part) => total + part[key], 0)
  return `${sum('passed')} passed, ${sum('failed')} failed`
}
