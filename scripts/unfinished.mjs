import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { root } from './entries.mjs'

// node --import ./scripts/typescript.mjs scripts/unfinished.mjs
//
// Shortens the list of what is still packed by what has been mended since. It never grows.
const path = `${root}test/architecture/unfinished.json`

if (process.argv[1] === fileURLToPath(import.meta.url)) await shorten()

export async function shorten() {
  const { counted, packingLaws } = await import('../test/architecture/packing.ts')
  const { readFiles } = await import('../test/architecture/tree.ts')
  const sources = readFiles('src')
  /** @type {Record<string, Record<string, number>>} */
  const listed = JSON.parse(readFileSync(path, 'utf8'))
  const left = Object.entries(listed).map(([name, files]) => {
    const law = packingLaws.find((each) => each.name === name)
    const now = law ? counted(law.offences(sources)) : {}
    const rows = Object.entries(files).map(([file, count]) => [file, Math.min(count, now[file] ?? 0)])
    return [name, Object.fromEntries(rows.filter(([, count]) => count))]
  })
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(left), null, 2)}\n`)
}
