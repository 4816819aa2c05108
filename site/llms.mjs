import { sidebarsOf } from './navigation.mjs'
import { fileOf } from './pages.mjs'

/**
 * What is there for programs that read: `llms.txt` with a line for each page, `llms-full.txt` with the documents in one, and each page as Markdown.
 *
 * @param {readonly import('./pages.mjs').Page[]} pages
 * @returns {[file: string, text: string][]}
 */
export function textsFor(pages) {
  const base = process.env.SITE_BASE ?? '/'
  const byAddress = new Map(pages.map((page) => [page.address, page]))
  const { '/': main = [], ...others } = sidebarsOf(pages)
  const groups = [...main, ...Object.values(others).flat()].map(({ text, items }) => {
    const lines = items.map(({ text: title, link }) => {
      const page = byAddress.get(link)
      const said = page ? `: ${firstWords(page.markdown)}` : ''
      return `- [${title}](${base}${fileOf(link)})${said}`
    })
    return `## ${text}\n\n${lines.join('\n')}\n`
  })
  const intro =
    '# tokenward\n\n> Signs people in with OAuth 2.0 and OpenID Connect, keeps their tokens fresh, and ends a session everywhere at once.\n'
  const documents = pages.filter(({ source }) => source.startsWith('docs/'))
  return [
    ['llms.txt', `${intro}\n${groups.join('\n')}`],
    ['llms-full.txt', documents.map(({ markdown }) => markdown).join('\n\n')],
    ...pages
      .filter(({ address }) => address !== '/')
      .map(({ address, markdown }) => /** @type {[string, string]} */ ([fileOf(address), markdown])),
  ]
}

/**
 * The first sentence of a page.
 *
 * @param {string} markdown
 */
function firstWords(markdown) {
  const paragraphs = markdown.replace(/^(`{3,})[\s\S]*?^\1$/gm, '').split(/\n{2,}/)
  const isText = (/** @type {string} */ part) => part.trim() !== '' && !/^(#|<|\||-|\[|:::|!|>)/.test(part.trim())
  const plain = (paragraphs.find(isText) ?? '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\s+/g, ' ')
    .trim()
  return (/^.*?[.:](?= |$)/.exec(plain)?.[0] ?? plain).replace(/:$/, '.')
}
