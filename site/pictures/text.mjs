/** Roughly what a letter of 13 px takes; fonts differ, and a picture cannot ask. */
const letter = 6.9

/** @param {string} text */
export function textWidth(text) {
  return text.length * letter
}

/**
 * `text` in lines of at most `width` pixels.
 *
 * @param {string} text
 * @param {number} width
 */
export function lines(text, width) {
  /** @type {string[]} */
  const done = []
  for (const word of text.split(' ')) {
    const longer = done.length > 0 ? `${done.at(-1)} ${word}` : word
    const fits = done.length > 0 && textWidth(longer) <= width
    if (fits) done[done.length - 1] = longer
    else done.push(word)
  }
  return done
}

/** @param {string} text */
export function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll('{', '&#123;')
}
