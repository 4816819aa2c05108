import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { root } from './entries.mjs'

const path = `${root}docs/providers/README.md`

/** @typedef {{ provider: string, preset?: string, options?: unknown, says: string, right: string }} Row */

const tables = {
  discovery: 'test/field/discovery.json',
  'token answers': 'test/field/token-answers.json',
}

/**
 * The document with its tables made anew from the fixtures that the tests run.
 *
 * @param {string} markdown
 */
export function withTables(markdown) {
  let text = markdown
  for (const [name, file] of Object.entries(tables)) {
    const begin = `<!-- ${name}: written by scripts/providers.mjs -->\n`
    const start = text.indexOf(begin)
    const end = text.indexOf(`<!-- end of ${name} -->`)
    if (start < 0 || end < start) throw new Error(`docs/providers/README.md has no place for the table ${name}`)

    /** @type {Row[]} */
    const rows = JSON.parse(readFileSync(root + file, 'utf8'))
    text = `${text.slice(0, start)}${begin}${table(rows)}${text.slice(end)}`
  }
  return text
}

/** @param {readonly Row[]} rows */
function table(rows) {
  const lines = rows.map(({ provider, says, right }) => `| ${provider} | ${says} | ${right} |`)
  return ['| provider | what it sends | what tokenward does |', '| --- | --- | --- |', ...lines, ''].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(path, withTables(readFileSync(path, 'utf8')))
