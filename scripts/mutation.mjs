import { readFileSync } from 'node:fs'
import config from '../stryker.config.mjs'
import { run, seconds } from './run.mjs'

// npm run mutation
// npm run mutation -- --mutate src/session/claim.ts
// npm run mutation -- --mutate src/session/claim.ts --tests session/claim,session/refresh: with these tests only, which is quicker
// npm run mutation -- --report: what the last runs found, without another one
const wanted = 90
const asked = process.argv.slice(2)
const at = asked.indexOf('--tests')
const [, tests = ''] = at < 0 ? [] : asked.splice(at, 2)
const started = performance.now()
if (!asked.includes('--report')) {
  const { problem } = await run(['node', 'node_modules/@stryker-mutator/core/bin/stryker.js', 'run', ...asked], {
    limit: 4 * 3_600_000,
    show: true,
    ...(tests && { env: { MUTATION_TESTS: tests } }),
  })
  if (problem) {
    console.error(`mutation: ${problem}`)
    process.exit(1)
  }
}

/**
 * @typedef {{ line: number, column: number }} Place
 * @typedef {{ status: string, replacement?: string, location: { start: Place, end: Place } }} Mutant
 */
/** @type {{ files: Record<string, { source: string, mutants: Mutant[] }> }} */
const { files } = JSON.parse(readFileSync(String(config.incrementalFile), 'utf8'))

const rows = Object.entries(files)
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([file, { source, mutants }]) => {
    const counted = mutants.filter(({ status }) => !['Ignored', 'CompileError', 'RuntimeError'].includes(status))
    const left = counted.filter(({ status }) => !['Killed', 'Timeout'].includes(status))
    return { file, source, left, all: counted.length }
  })

for (const { file, source, left } of rows) {
  if (left.length) console.log(`\n${file}`)
  for (const { location, replacement = '', status } of left) {
    const { line, column } = location.start
    const was = cut(source, location)
    console.log(`  ${line}:${column} ${one(was)} → ${one(replacement)}${status === 'NoCoverage' ? ' (not run)' : ''}`)
  }
}

console.log('\n| file | mutants | found | score |\n| --- | --: | --: | --: |')
for (const { file, left, all } of rows) if (all) row(file, all, left.length)
const all = rows.reduce((sum, row) => sum + row.all, 0)
const left = rows.reduce((sum, row) => sum + row.left.length, 0)
row('all', all, left)
console.log(`\nmutation: ${seconds(performance.now() - started)}`)
process.exitCode = score(all, left) < wanted ? 1 : 0

/**
 * @param {string} name
 * @param {number} all
 * @param {number} left
 */
function row(name, all, left) {
  console.log(`| ${name} | ${all} | ${all - left} | ${score(all, left).toFixed(1)} % |`)
}

/**
 * @param {number} all
 * @param {number} left
 */
function score(all, left) {
  return (100 * (all - left)) / Math.max(all, 1)
}

/**
 * @param {string} source
 * @param {Mutant['location']} location
 */
function cut(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  const last = lines.length - 1
  lines[last] = (lines[last] ?? '').slice(0, end.column - 1)
  lines[0] = (lines[0] ?? '').slice(start.column - 1)
  return lines.join('\n')
}

/** @param {string} text */
function one(text) {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 90 ? `${line.slice(0, 87)}…` : line
}
