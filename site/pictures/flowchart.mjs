import { escaped, textWidth } from './text.mjs'

/** @typedef {{ id: string, row: number, x: number }} Box */

const row = 74
const height = 30
const space = 18

/**
 * Draws a flowchart of Mermaid that consists of arrows alone: `a --> b`, top down. Each box stands below all that point to it.
 *
 * @param {string} source
 * @returns {string} an SVG, in the colours of the page
 */
export function flowchartPicture(source) {
  const arrows = source
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter(Boolean)
    .map(readArrow)
  const rows = rowsOf(arrows)
  const width = Math.max(...rows.map(widthOf)) + 20
  const boxes = placed(rows, arrows, width)
  const drawn = [...boxes.values()].map(box).join('')
  const lines = arrows.map(([from, to]) => line(boxes.get(from), boxes.get(to))).join('')
  const told = arrows.map(([from, to]) => `${from} imports ${to}`).join(', ')
  const tall = rows.length * row - row + height + 4
  return (
    `<figure class="picture" role="img" aria-label="${escaped(told)}">` +
    `<svg viewBox="0 0 ${width} ${tall}" width="${width}" height="${tall}" aria-hidden="true">${lines}${drawn}</svg></figure>`
  )
}

/**
 * @param {string} line
 * @returns {[from: string, to: string]}
 */
function readArrow(line) {
  const [, from, to] = /^([\w-]+) --> ([\w-]+)$/.exec(line) ?? []
  if (!from || !to) throw new Error(`A flowchart has a line that is not understood: ${line}`)
  return [from, to]
}

/**
 * The boxes of each row: as low as what they point to allows.
 *
 * @param {readonly [string, string][]} arrows
 */
function rowsOf(arrows) {
  /** @type {Map<string, number>} */
  const heights = new Map()
  const heightOf = (/** @type {string} */ id) => {
    const known = heights.get(id)
    if (known !== undefined) return known
    const below = arrows.filter(([from]) => from === id).map(([, to]) => heightOf(to) + 1)
    const found = Math.max(0, ...below)
    heights.set(id, found)
    return found
  }
  const ids = [...new Set(arrows.flat())]
  const top = Math.max(...ids.map(heightOf))
  return Array.from({ length: top + 1 }, (_, index) => ids.filter((id) => heightOf(id) === top - index))
}

/** @param {readonly string[]} ids */
function widthOf(ids) {
  return ids.reduce((sum, id) => sum + boxWidth(id) + space, -space)
}

/** @param {string} id */
function boxWidth(id) {
  return textWidth(id) + 24
}

/**
 * Where the boxes are. Each row is sorted by where the boxes of the row above that point to it are, so that few lines cross.
 *
 * @param {readonly (readonly string[])[]} rows
 * @param {readonly [string, string][]} arrows
 * @param {number} width
 */
function placed(rows, arrows, width) {
  /** @type {Map<string, Box>} */
  const boxes = new Map()
  for (const [index, ids] of rows.entries()) {
    const wish = (/** @type {string} */ id) => {
      const above = arrows.filter(([, to]) => to === id).flatMap(([from]) => boxes.get(from)?.x ?? [])
      return above.length > 0 ? above.reduce((sum, x) => sum + x, 0) / above.length : width / 2
    }
    const sorted = ids.toSorted((a, b) => wish(a) - wish(b))
    let x = (width - widthOf(sorted)) / 2
    for (const id of sorted) {
      boxes.set(id, { id, row: index, x: x + boxWidth(id) / 2 })
      x += boxWidth(id) + space
    }
  }
  return boxes
}

/** @param {Box} box */
function box({ id, row: index, x }) {
  const y = index * row + 2
  const width = boxWidth(id)
  return (
    `<rect class="participant" x="${x - width / 2}" y="${y}" width="${width}" height="${height}" rx="8"/>` +
    `<text class="name" x="${x}" y="${y + height / 2 + 5}" text-anchor="middle">${escaped(id)}</text>`
  )
}

/**
 * @param {Box | undefined} from
 * @param {Box | undefined} to
 */
function line(from, to) {
  if (!from || !to) return ''
  const [y1, y2] = [from.row * row + 2 + height, to.row * row - 4]
  const bend = (y2 - y1) / 2
  return (
    `<path class="message" d="M${from.x} ${y1}C${from.x} ${y1 + bend} ${to.x} ${y2 - bend} ${to.x} ${y2}"/>` +
    `<path class="tip" d="M${to.x} ${y2 + 6}l-4.500 -8h9z"/>`
  )
}
