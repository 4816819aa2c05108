import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { manifest, root } from './entries.mjs'

/**
 * What is wrong with a release of this name.
 *
 * @param {string} tag as `v1.2.3`
 * @param {string} version of package.json
 * @param {string} changelog
 * @returns {readonly string[]}
 */
export function mistakesOf(tag, version, changelog) {
  const mistakes = []
  if (tag !== `v${version}`) mistakes.push(`The tag is ${tag}, and package.json says ${version}`)
  const heading = changelog.split('\n').find((line) => line.startsWith(`## [${version}]`))
  if (!heading) mistakes.push(`CHANGELOG.md has no section ${version}`)
  else if (!/ - \d{4}-\d\d-\d\d$/.test(heading)) mistakes.push(`CHANGELOG.md has no date for ${version}`)
  return mistakes
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mistakes = mistakesOf(process.argv[2] ?? '', manifest.version, readFileSync(`${root}CHANGELOG.md`, 'utf8'))
  for (const mistake of mistakes) console.error(mistake)
  process.exitCode = mistakes.length > 0 ? 1 : 0
}
