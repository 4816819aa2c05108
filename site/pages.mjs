import { readdirSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { root } from '../scripts/entries.mjs'
import { examplePages } from './examples.mjs'
import { readerOf } from './links.mjs'

/**
 * A page of the site.
 *
 * @typedef {object} Page
 * @property {string} source the file it is made from, from the root of the repository
 * @property {string} address where it is on the site: `/recipes/dpop`
 * @property {string} title its first heading
 * @property {string} markdown as VitePress gets it
 */

const atTheRoot = ['SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md']
const placeholder = /<!-- (program|token-explainer): ?(.*?) ?-->/g

/**
 * Every page of the site: the documents, the examples, the API reference and the start page.
 *
 * @param {readonly { source: string, markdown: string }[]} reference what typedoc wrote
 * @returns {readonly Page[]}
 */
export function pagesOf(reference) {
  const documents = filesBelow('docs').filter((path) => path.endsWith('.md'))
  const written = [...atTheRoot, ...documents].map((source) => ({ source, markdown: textOf(source) }))
  const home = { source: 'README.md', markdown: textOf('site/home.md') }
  const all = [home, ...written, ...examplePages(), ...reference]

  const addresses = new Map(all.map(({ source }) => [source, addressOf(source)]))
  const toSite = readerOf(addresses)
  return all.map(({ source, markdown }) => ({
    source,
    address: addressOf(source),
    title: titleOf(source, markdown),
    markdown: toSite(source, withParts(markdown)),
  }))
}

/**
 * The file of a page, from the root of the site.
 *
 * @param {string} address
 */
export function fileOf(address) {
  return `${address.endsWith('/') ? `${address}index` : address}.md`.slice(1)
}

/** @param {string} source */
function addressOf(source) {
  if (source === 'README.md') return '/'
  const path = source.replace(/^docs\//, '').replace(/\.(md|ts)$/, '')
  return `/${posix.join(posix.dirname(path), posix.basename(path) === 'README' ? '/' : posix.basename(path))}`.toLowerCase()
}

/**
 * @param {string} source
 * @param {string} markdown
 */
function titleOf(source, markdown) {
  if (source === 'README.md') return 'tokenward'
  const [, title] = /^# (.*)$/m.exec(markdown) ?? []
  if (!title) throw new Error(`${source} has no heading`)
  return title.replace(/`/g, '')
}

/** @param {string} markdown */
function withParts(markdown) {
  return markdown.replace(placeholder, (_, part, name) => {
    if (part === 'program') return `\`\`\`ts\n${textOf(`examples/${name}.ts`)}\`\`\``
    return '<TokenExplainer />'
  })
}

/** @param {string} folder */
function filesBelow(folder) {
  return readdirSync(root + folder, { encoding: 'utf8', recursive: true })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((path) => statSync(root + path).isFile())
    .sort()
}

/** @param {string} path */
function textOf(path) {
  return readFileSync(root + path, 'utf8')
}
