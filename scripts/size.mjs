import { readFileSync } from 'node:fs'
import { root } from './entries.mjs'
import { run } from './run.mjs'

/** @typedef {{ name: string, size: number, sizeLimit?: number, passed?: boolean }} Measured */

const { ok, output } = await run(['node', 'node_modules/size-limit/bin.js', '--json'], { limit: 60_000 })
/** @type {Measured[]} */
let measured
try {
  measured = JSON.parse(output.slice(output.search(/^\[$/m)))
} catch {
  console.log(output)
  process.exit(1)
}
const expected = JSON.parse(readFileSync(`${root}.size-limit.json`, 'utf8')).length
const all = measured.length === expected && measured.every(({ passed }) => passed)

const width = Math.max(...measured.map(({ name }) => name.length))
const kilobytes = (/** @type {number} */ bytes) => `${(bytes / 1000).toFixed(2)} kB`.padStart(9)
console.log(`${'size (esbuild, brotli)'.padEnd(width)}   ${'is'.padStart(9)}   ${'at most'.padStart(9)}`)
for (const { name, size, sizeLimit = 0, passed } of measured) {
  console.log(`${name.padEnd(width)}   ${kilobytes(size)}   ${kilobytes(sizeLimit)}${passed ? '' : '   TOO LARGE'}`)
}
process.exitCode = ok && all ? 0 : 1
