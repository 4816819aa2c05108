import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname } from 'node:path'
import { root } from '../scripts/entries.mjs'

/** The demo is a tool of this repository, and declarations are no programs. */
const isExample = (/** @type {string} */ name) => name !== 'demo' && !name.endsWith('.d.ts')
const isShown = (/** @type {string} */ name) => /\.(tsx?|m?js|html|svelte|vue)$/.test(name)
const languages = /** @type {Readonly<Record<string, string>>} */ ({ mjs: 'js' })

/** A page for each example: its program, or the files of its app. */
export function examplePages() {
  return readdirSync(`${root}examples`)
    .filter(isExample)
    .map((name) => (statSync(`${root}examples/${name}`).isDirectory() ? appPage(name) : programPage(name)))
}

/** @param {string} name */
function programPage(name) {
  const title = name.replace(/\.ts$/, '')
  return { source: `examples/${name}`, markdown: `# Example: ${title}\n\n${block(`examples/${name}`)}` }
}

/** @param {string} name */
function appPage(name) {
  const folder = `examples/${name}`
  const files = readdirSync(root + folder, { encoding: 'utf8', recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => statSync(`${root}${folder}/${file}`).isFile())
  const shown = files.filter(isShown).sort()
  const parts = shown.map((file) => `## ${file}\n\n${block(`${folder}/${file}`)}`)
  const about = files.includes('README.md')
    ? readFileSync(`${root}${folder}/README.md`, 'utf8')
    : `# Example: ${name}\n`
  return { source: `${folder}/README.md`, markdown: `${about}\n${parts.join('\n\n')}` }
}

/** @param {string} path */
function block(path) {
  const extension = extname(path).slice(1)
  return `\`\`\`\`${languages[extension] ?? extension}\n${readFileSync(root + path, 'utf8').trimEnd()}\n\`\`\`\``
}
