import type { Sign } from './timeline-model.ts'

const namespace = 'http://www.w3.org/2000/svg'

/** An SVG element with its attributes and children. */
export function svg(name: string, attributes: Record<string, string | number>, ...children: (Node | string)[]) {
  const element = document.createElementNS(namespace, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  element.append(...children)
  return element
}

/** One shape for each meaning, 14 px across around 0,0: told apart without colour. */
const shapes: Record<Sign, string> = {
  'signed-in': 'M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z',
  led: 'M0-7L7 5.5H-7z',
  took: 'M0-7L7 0L0 7L-7 0z',
  failed: 'M-6-3.5L-3.5-6L0-2.5L3.5-6L6-3.5L2.5 0L6 3.5L3.5 6L0 2.5L-3.5 6L-6 3.5L-2.5 0z',
  rejected: 'M0 7L7-5.5H-7z',
  'signed-out': 'M-5.5-5.5H5.5V5.5H-5.5z',
  revoked: 'M-6.5 0a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0zM-3.5-1.2H3.5V1.2H-3.5z',
  stolen: 'M-5.5-1H-4.5V-2.5a4.5 4.5 0 0 1 9 0V-1H5.5V7H-5.5zM-2.3-1H2.3V-2.5a2.3 2.3 0 0 0-4.6 0z',
  trouble: 'M-1.7-7H1.7L1 2H-1zM-1.6 4H1.6V7H-1.6z',
}

/** The shape of `symbol` at a place, with `text` as its tooltip. */
export function glyph(symbol: Sign, x: number, y: number, text = '') {
  const path = svg('path', { d: shapes[symbol], 'fill-rule': 'evenodd' })
  return svg('g', { class: `glyph ${symbol}`, transform: `translate(${x} ${y})` }, path, svg('title', {}, text))
}

/** The shape alone, for lists and the legend. */
export const icon = (symbol: Sign) =>
  svg('svg', { class: 'icon', viewBox: '-8 -8 16 16', 'aria-hidden': 'true' }, glyph(symbol, 0, 0))
