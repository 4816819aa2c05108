import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'

const folder = join(root, 'examples')
const isDocument = (text: string) => /<!doctype html>/i.test(text)

/** The sources of all pages of the examples. What Next.js makes of its own has a language and a title by its layout. */
const pages = readdirSync(folder, { encoding: 'utf8', recursive: true })
  .filter((name) => /\.(?:html|ts)$/.test(name) && !name.includes('node_modules'))
  .map((name) => [name.replaceAll('\\', '/'), readFileSync(join(folder, name), 'utf8')] as const)
  .filter(([, text]) => isDocument(text))

/** What a page has to have for screen readers and phones, and has not. */
function missingIn(text: string): readonly string[] {
  const wanted = {
    language: /<html[^>]* lang="[a-z]{2}"/,
    title: /<title>[^<]+<\/title>/,
    viewport: /<meta name="viewport" content="width=device-width, initial-scale=1">/,
  }
  return Object.entries(wanted).flatMap(([name, pattern]) => (pattern.test(text) ? [] : [name]))
}

describe('the pages of the examples', () => {
  it('are found', () => {
    expect(pages.map(([name]) => name)).toContain('sveltekit/src/app.html')
    expect(pages.length).toBeGreaterThan(10)
  })

  it.each(pages)('have a language, a title, and a size for phones: %s', (_, text) => {
    expect(missingIn(text)).toEqual([])
  })

  it('would be found without', () => {
    expect(missingIn('<!doctype html><title></title>')).toEqual(['language', 'title', 'viewport'])
  })
})
