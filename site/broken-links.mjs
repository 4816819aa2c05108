import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { posix } from 'node:path'

/**
 * The links of a built site that lead nowhere: to no file, or to no such heading.
 *
 * @param {string} folder
 * @param {string} base the path that the site is served below
 */
export function brokenLinks(folder, base) {
  const files = readdirSync(folder, { encoding: 'utf8', recursive: true }).map((name) => name.replaceAll('\\', '/'))
  const pages = new Map(
    files.filter((name) => name.endsWith('.html')).map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]),
  )
  const ids = new Map([...pages].map(([name, html]) => [name, idsOf(html)]))

  const links = [...pages].flatMap(([page, html]) => linksOf(html).map((link) => ({ page, link })))
  const isBroken = (/** @type {{ page: string, link: string }} */ { page, link }) => {
    const { pathname, hash } = new URL(link, `https://site.example${base}${page}`)
    if (!pathname.startsWith(base)) return true
    const file = fileAt(folder, decodeURIComponent(pathname.slice(base.length)))
    if (file === undefined) return true
    const anchor = decodeURIComponent(hash.slice(1))
    return anchor !== '' && file.endsWith('.html') && !ids.get(file)?.has(anchor)
  }
  return { links: links.length, broken: links.filter(isBroken) }
}

/**
 * @param {string} folder
 * @param {string} path
 */
function fileAt(folder, path) {
  const candidates = [path, `${path}.html`, posix.join(path, 'index.html')]
  return candidates.find((name) => existsSync(`${folder}/${name}`) && statSync(`${folder}/${name}`).isFile())
}

/** @param {string} html */
function idsOf(html) {
  return new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id = '']) => unescaped(id)))
}

/** @param {string} html */
function linksOf(html) {
  const found = html.matchAll(/<(?:a|img|link|script)\b[^>]*?\s(?:href|src)="([^"]+)"/g)
  return [...found].map(([, link = '']) => unescaped(link)).filter((link) => !/^(https?|mailto|data):/.test(link))
}

/** @param {string} text */
function unescaped(text) {
  return text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'")
}
