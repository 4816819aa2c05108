import { escaped, lines, textWidth } from './text.mjs'

/** @typedef {{ from: string, to: string, text: string, dashed: boolean, open: boolean }} Message */
/** @typedef {{ over: readonly string[], text: string, note: true }} Note */
/** @typedef {{ names: Map<string, string>, steps: (Message | Note)[] }} Sequence */

const arrow = /^(\w+)(--?)(>>|\))(\w+): (.+)$/
const gap = { least: 130, most: 220, all: 530 }
const head = 34
const lineHeight = 17

/**
 * Draws a sequence diagram of Mermaid: participants, messages, and notes. Anything else is refused, so that no picture is silently incomplete.
 *
 * @param {string} source
 * @returns {string} an SVG, in the colours of the page
 */
export function sequencePicture(source) {
  const { names, steps } = read(source)
  const ids = [...names.keys()]
  const step = Math.max(gap.least, Math.min(gap.most, gap.all / Math.max(1, ids.length - 1)))
  const xOf = (/** @type {string} */ id) => 70 + ids.indexOf(id) * step
  const width = 140 + (ids.length - 1) * step
  let y = head + 24
  let drawn = ''
  for (const one of steps) {
    const part = 'note' in one ? note(one, xOf, step, y) : message(one, xOf, width, step, y)
    drawn += part.svg
    y = part.end
  }

  const height = y + 14
  const lifelines = ids.map(
    (id) => `<line class="lifeline" x1="${xOf(id)}" x2="${xOf(id)}" y1="${head}" y2="${height}"/>`,
  )
  const heads = [...names].map(([id, name]) => participant(xOf(id), name))
  const told = steps.map((one) =>
    'note' in one ? one.text : `${names.get(one.from)} to ${names.get(one.to)}: ${one.text}`,
  )
  return (
    `<figure class="picture" role="img" aria-label="${escaped(told.join('. '))}">` +
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">` +
    `${lifelines.join('')}${heads.join('')}${drawn}</svg></figure>`
  )
}

/**
 * @param {string} source
 * @returns {Sequence}
 */
function read(source) {
  /** @type {Sequence} */
  const sequence = { names: new Map(), steps: [] }
  for (const line of source
    .split('\n')
    .slice(1)
    .map((text) => text.trim())
    .filter(Boolean))
    readLine(line, sequence)
  return sequence
}

/**
 * @param {string} line
 * @param {Sequence} sequence
 */
function readLine(line, { names, steps }) {
  const declared = /^participant (\w+)(?: as (.+))?$/.exec(line)
  if (declared) return void names.set(declared[1] ?? '', declared[2] ?? declared[1] ?? '')

  const noted = /^Note over (\w+)(?:,(\w+))?: (.+)$/.exec(line)
  const said = arrow.exec(line)
  const used = noted ? [noted[1], noted[2] ?? noted[1]] : [said?.[1], said?.[4]]
  const unknown = used.find((id) => id === undefined || !names.has(id))
  if ((!noted && !said) || unknown) throw new Error(`A sequence diagram has a line that is not understood: ${line}`)

  if (noted) steps.push({ note: true, over: /** @type {string[]} */ (used), text: noted[3] ?? '' })
  else if (said) {
    const [, from = '', dashes, kind, to = '', text = ''] = said
    steps.push({ from, to, text, dashed: dashes === '--', open: kind === ')' })
  }
}

/**
 * @param {number} x
 * @param {string} name
 */
function participant(x, name) {
  const width = Math.max(74, textWidth(name) + 28)
  return (
    `<rect class="participant" x="${x - width / 2}" y="1" width="${width}" height="${head - 2}" rx="8"/>` +
    `<text class="name" x="${x}" y="${head / 2 + 5}" text-anchor="middle">${escaped(name)}</text>`
  )
}

/**
 * @param {Message} message
 * @param {(id: string) => number} xOf
 * @param {number} width of the picture
 * @param {number} step between two participants
 * @param {number} y
 */
function message({ from, to, text, dashed, open }, xOf, width, step, y) {
  const [a, b] = [xOf(from), xOf(to)]
  const isOwn = a === b
  const room = isOwn ? Math.min(step, width - a) - 44 : Math.abs(b - a) - 22
  const wrapped = lines(text, Math.max(110, room))
  const below = y + wrapped.length * lineHeight
  const line = `class="message${dashed ? ' dashed' : ''}"`
  if (isOwn) {
    const middle = Math.max(below, y + 26)
    const svg =
      `<path ${line} d="M${a} ${y + 4}h26v${middle - y - 8}h-18"/>${tip(a + 2, middle - 4, -1, open)}` +
      written(wrapped, a + 36, y + 4, 'start')
    return { svg, end: middle + 18 }
  }

  const direction = Math.sign(b - a)
  const at = below + 4
  const svg =
    `<line ${line} x1="${a}" x2="${b - direction * 3}" y1="${at}" y2="${at}"/>${tip(b, at, direction, open)}` +
    written(wrapped, (a + b) / 2, y, 'middle')
  return { svg, end: at + 18 }
}

/**
 * @param {Note} note
 * @param {(id: string) => number} xOf
 * @param {number} step
 * @param {number} y
 */
function note({ over, text }, xOf, step, y) {
  const [left = 0, right = 0] = over.map(xOf).sort((a, b) => a - b)
  const width = Math.max(right - left + 60, Math.min(step + 20, textWidth(text) + 28))
  const wrapped = lines(text, width - 20)
  const height = wrapped.length * lineHeight + 12
  const middle = (left + right) / 2
  const box = `<rect class="note" x="${middle - width / 2}" y="${y}" width="${width}" height="${height}" rx="6"/>`
  return { svg: box + written(wrapped, middle, y + 4, 'middle'), end: y + height + 14 }
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} direction
 * @param {boolean} open
 */
function tip(x, y, direction, open) {
  const back = x - direction * 9
  return open
    ? `<path class="message" d="M${back} ${y - 5}L${x} ${y}L${back} ${y + 5}"/>`
    : `<path class="tip" d="M${x} ${y}L${back} ${y - 5}V${y + 5}Z"/>`
}

/**
 * @param {readonly string[]} wrapped
 * @param {number} x
 * @param {number} y
 * @param {'start' | 'middle'} anchor
 */
function written(wrapped, x, y, anchor) {
  return wrapped
    .map((line, index) => {
      const at = y + 13 + index * lineHeight
      return `<text class="said" x="${x}" y="${at}" text-anchor="${anchor}">${escaped(line)}</text>`
    })
    .join('')
}
