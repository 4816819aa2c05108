import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { entries, root } from '../scripts/entries.mjs'
import { slugOf } from './links.mjs'

/** Where an entry is explained, and what shows it at work. */
const shownBy = /** @type {Readonly<Record<string, readonly [title: string, source: string][]>>} */ ({
  index: [
    ['Testing', 'docs/testing.md'],
    ['Architecture', 'docs/architecture.md'],
  ],
  angular: [['Frameworks', 'docs/frameworks.md']],
  bff: [
    ['A website’s own backend', 'docs/bff.md'],
    ['A whole site', 'examples/node-users.ts'],
  ],
  'bff/page': [['A website’s own backend', 'docs/bff.md']],
  browser: [
    ['In a page', 'docs/start/page.md'],
    ['A whole program', 'examples/browser-basic.ts'],
  ],
  devtools: [
    ['Events', 'docs/events.md'],
    ['A whole program', 'examples/browser-devtools.ts'],
  ],
  node: [
    ['On a server, and in a terminal', 'docs/start/node.md'],
    ['A whole program', 'examples/node-cli.ts'],
  ],
  providers: [['Providers', 'docs/providers/README.md']],
  react: [
    ['Frameworks', 'docs/frameworks.md'],
    ['A whole app', 'examples/react-vite/main.tsx'],
  ],
  'react-native': [
    ['React Native', 'docs/react-native.md'],
    ['A whole app', 'examples/react-native-expo/README.md'],
  ],
  redis: [
    ['Fleets', 'docs/fleets.md'],
    ['A whole program', 'examples/node-fleet.ts'],
  ],
  'resource-server': [
    ['Protecting an API', 'docs/apis.md'],
    ['A whole API', 'examples/api.ts'],
  ],
  svelte: [
    ['Frameworks', 'docs/frameworks.md'],
    ['A whole app', 'examples/sveltekit/src/session/guard.ts'],
  ],
  telemetry: [['Telemetry', 'docs/telemetry.md']],
  testing: [
    ['Testing', 'docs/testing.md'],
    ['A whole test', 'examples/component-test.ts'],
  ],
  vue: [
    ['Frameworks', 'docs/frameworks.md'],
    ['A whole app', 'examples/vue-vite/main.ts'],
  ],
})

/**
 * A page for each entry of the package, from what typedoc wrote.
 *
 * @param {string} folder
 */
export function referencePages(folder) {
  const files = readdirSync(folder, { encoding: 'utf8', recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.md') && name !== 'index.md')
  const texts = new Map(files.map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]))
  return files.map((name) => page(name, withRightAnchors(name, texts)))
}

/**
 * typedoc counts headings that it then writes as rows of a table, so a link of its may end with a number too much.
 *
 * @param {string} file
 * @param {ReadonlyMap<string, string>} texts
 */
function withRightAnchors(file, texts) {
  return (texts.get(file) ?? '').replace(/\(([\w./-]*)#([\w-]+)-\d+\)/g, (whole, target, slug) => {
    const headings = texts.get(target === '' ? file : posix.join(posix.dirname(file), target)) ?? ''
    const count = [...headings.matchAll(/^#+ (.*)$/gm)].filter(([, heading = '']) => slugOf(heading) === slug).length
    return count === 1 ? `(${target}#${slug})` : whole
  })
}

/**
 * @param {string} file
 * @param {string} text
 */
function page(file, text) {
  const name = file.replace(/\.md$/, '').replace(/^index-1$/, 'index')
  const entry = entries.find((one) => one.name === name)
  if (!entry) throw new Error(`typedoc wrote ${file}, which is no entry of the package`)

  const places = shownBy[name] ?? []
  const shown = places.map(([title, source]) => `[${title}](${up(name)}${source})`)
  const program = places.map(([, source]) => source).find((source) => source.endsWith('.ts'))
  const head = `# ${entry.specifier}\n\n${shown.join(' · ')}\n${program === undefined ? '' : example(program)}`
  const markdown = `${head}${text.replace(/^# .*\n/, '')}`.replace(/index-1\.md/g, 'tokenward.md')
  return { source: `reference/${name === 'index' ? 'tokenward' : name}.md`, markdown }
}

/** @param {string} program */
function example(program) {
  return `\n::: details Show the program\n\`\`\`\`ts\n${readFileSync(root + program, 'utf8').trimEnd()}\n\`\`\`\`\n:::\n`
}

/** @param {string} name */
function up(name) {
  return '../'.repeat(name.split('/').length)
}
