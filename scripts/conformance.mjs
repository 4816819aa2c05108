import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { root } from './entries.mjs'

const path = 'docs/conformance.md'
/** The status of what is built and waits for a test: the first test that names it makes it `shown`. */
const unnamed = 'partly: no test names it yet'
const statuses = /^(shown|partly: .+|planned: .+|not applicable: .+)$/
const row = /^\| ([A-Z]{2,4}-\d\d) \| ([^|]+) \| ([^|]+) \|(?:.*\|)?$/
const range = /\b([A-Z]{2,4})-(\d\d) to \1-(\d\d)\b/g
const title = /(['"`])((?:[A-Z]{2,4}-\d\d(?:,? (?=[A-Z]{2,4}-\d\d)|:? ))+)((?:\\.|(?!\1)[^\\])*)\1/g

/**
 * The tests that name statements: every string in a test's source that begins with ids, as `RT-09: …` or `RT-03 COO-01: …`.
 *
 * @param {Readonly<Record<string, string>>} files path → source
 */
export function testsIn(files) {
  return Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([file, source]) =>
      [...source.matchAll(title)].map(([, , ids = '', text = '']) => ({
        file,
        ids: ids.split(/[,: ]+/).filter(Boolean),
        title: text.replace(/\$\{[^}]*\}|%[sdijo]|%?\$\w+/g, '…').replace(/\\(.)/g, '$1'),
      })),
    )
}

/**
 * The document as it should be, and what is wrong with it or with the tests.
 *
 * @param {string} markdown the document; its last table column is written here, everything else by hand
 * @param {ReturnType<typeof testsIn>} tests
 */
export function conformance(markdown, tests) {
  /** @type {string[]} */
  const problems = []
  /** @type {Set<string>} */
  const known = new Set()
  for (const [, letters, first, last] of markdown.matchAll(range))
    for (let n = Number(first); n <= Number(last); n++) known.add(`${letters}-${String(n).padStart(2, '0')}`)
  const lines = markdown.split('\n').map((line) => {
    const [, id, summary = '', was = ''] = row.exec(line) ?? []
    if (!id) return line
    if (known.has(id)) problems.push(`${id} is there twice.`)
    known.add(id)
    const own = tests.filter(({ ids }) => ids.includes(id))
    const status = was === unnamed && own.length > 0 ? 'shown' : was
    if (!statuses.test(status)) problems.push(`${id}: "${status}" is no status.`)
    if (status === 'shown' && own.length === 0) problems.push(`${id} is marked shown, and no test has it in its title.`)
    if (/^(planned|not applicable)/.test(status) && own.length > 0)
      problems.push(`${id} is marked "${status}", and tests have it in their titles.`)
    return `| ${id} | ${summary} | ${status} | ${cell(own)} |`
  })
  for (const { file, ids } of tests)
    for (const id of ids) if (!known.has(id)) problems.push(`${file} names ${id}, which ${path} does not know.`)
  return { markdown: lines.join('\n'), problems }
}

/** @param {ReturnType<typeof testsIn>} tests */
function cell(tests) {
  const files = [...new Set(tests.map(({ file }) => file))]
  return files
    .map((file) => {
      const titles = [...new Set(tests.filter((test) => test.file === file).map((test) => test.title))]
      const list = titles.map((text) => text.replaceAll('|', '\\|').replace(/[<>`*_[\]]/g, '\\$&')).join(' · ')
      return `[${file.replace(/^test\//, '').replace(/\.test\.ts$/, '')}](../${file}): ${list}`
    })
    .join('<br>')
}

/** Every test's source, its own apart. */
export function testFiles() {
  const names = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && name !== 'test/conformance.test.ts')
  return Object.fromEntries(names.map((name) => [name, readFileSync(root + name, 'utf8')]))
}

/** The document as it is. */
export const document = () => readFileSync(root + path, 'utf8')

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { markdown, problems } = conformance(document(), testsIn(testFiles()))
  writeFileSync(root + path, markdown)
  const rows = markdown.split('\n').flatMap((line) => row.exec(line)?.[3] ?? [])
  const count = (/** @type {string} */ word) => rows.filter((status) => status.startsWith(word)).length
  console.log(
    `${rows.length} statements: ${['shown', 'partly', 'planned', 'not applicable'].map((word) => `${count(word)} ${word}`).join(', ')}`,
  )
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
