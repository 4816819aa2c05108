import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { root } from '../scripts/entries.mjs'

const fence = /^( *)(`{3,})[^\n]*\n[\s\S]*?^\1\2 *$/gm
const link = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)([^)]*)\)/g

/**
 * Makes what turns the links of a document into those of the site. A document links to files of the repository.
 *
 * @param {ReadonlyMap<string, string>} addresses of the pages, by their sources
 * @returns {(source: string, markdown: string) => string} throws where a link leads to nothing
 */
export function readerOf(addresses) {
  return (source, markdown) =>
    outsideOfFences(markdown, (text) =>
      text.replace(link, (whole, mark, words, target, title) => {
        if (/^([a-z]+:|#|\/)/.test(target)) return whole
        const address = addressOf(source, target, addresses)
        return address === undefined ? words : `${mark}[${words}](${address}${title})`
      }),
    )
}

/**
 * `undefined`: it is a file of the repository, and the site does not show it.
 *
 * @param {string} source
 * @param {string} target
 * @param {ReadonlyMap<string, string>} addresses
 */
function addressOf(source, target, addresses) {
  const [path = '', anchor] = target.split('#')
  const file = posix.normalize(posix.join(posix.dirname(source), path))
  const hash = anchor === undefined ? '' : `#${anchor}`
  const page = addresses.get(file)
  if (page !== undefined) return page + hash

  const program = programAt(file, addresses)
  if (program !== undefined) return program
  if (!existsSync(root + file)) throw new Error(`${source} links to ${target}, which does not exist`)
  return /\.(png|svg)$/.test(file) ? `/${posix.basename(file)}` : undefined
}

/**
 * An example of several files is one page; each of its files has a heading there.
 *
 * @param {string} file
 * @param {ReadonlyMap<string, string>} addresses
 */
function programAt(file, addresses) {
  const [folder, name, ...rest] = file.split('/')
  if (folder !== 'examples' || !existsSync(root + file)) return undefined
  const page = addresses.get(`examples/${name}/README.md`)
  if (page === undefined || rest.length === 0) return page
  return `${page}#${slugOf(rest.join('/'))}`
}

/**
 * The anchor of a heading, as GitHub makes it, so that the same links work there and here.
 *
 * @param {string} heading
 */
export function slugOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
}

/**
 * @param {string} markdown
 * @param {(text: string) => string} change
 */
function outsideOfFences(markdown, change) {
  let done = ''
  let from = 0
  for (const { 0: block, index } of markdown.matchAll(fence)) {
    done += change(markdown.slice(from, index)) + block
    from = index + block.length
  }
  return done + change(markdown.slice(from))
}
