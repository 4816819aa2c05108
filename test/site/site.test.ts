import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { brokenLinks } from '../../site/broken-links.mjs'
import { readerOf, slugOf } from '../../site/links.mjs'
import { sidebarsOf } from '../../site/navigation.mjs'
import { pagesOf } from '../../site/pages.mjs'
import { flowchartPicture } from '../../site/pictures/flowchart.mjs'
import { sequencePicture } from '../../site/pictures/sequence.mjs'

describe('the pages of the site', () => {
  const reference = [{ source: 'reference/tokenward.md', markdown: '# tokenward' }]
  const pages = pagesOf(reference)

  it('are made of every document, and each of them is in a sidebar', () => {
    const documents = pages.filter(({ source }) => source.startsWith('docs/'))
    expect(documents.length).toBeGreaterThan(40)
    const linked = Object.values(sidebarsOf(pages)).flatMap((sections) =>
      sections.flatMap(({ items }) => items.map(({ link }) => link)),
    )
    const missing = pages.filter(({ address }) => address !== '/' && !linked.includes(address))
    expect(missing.map(({ source }) => source)).toEqual([])
  })

  it('are named once in the navigation, and exist', () => {
    expect(() => sidebarsOf(pages.filter(({ source }) => source !== 'docs/options.md'))).toThrow('docs/options.md')
  })

  it('have addresses of their own', () => {
    const addresses = pages.map(({ address }) => address)
    expect(new Set(addresses).size).toBe(addresses.length)
  })
})

describe('a link of a document', () => {
  const read = readerOf(
    new Map([
      ['README.md', '/'],
      ['docs/apis.md', '/apis'],
      ['examples/react-vite/README.md', '/examples/react-vite/'],
    ]),
  )

  it('leads to the page of the same document', () => {
    expect(
      read('docs/recipes/dpop.md', '[a](../apis.md#revoking) [b](../../README.md) [c](https://a.example/) [d](#x)'),
    ).toBe('[a](/apis#revoking) [b](/) [c](https://a.example/) [d](#x)')
  })

  it('leads to the file of an example, and is plain text where the site has no such file', () => {
    expect(read('docs/apis.md', '[app](../examples/react-vite/main.tsx) [`law`](../test/architecture.test.ts)')).toBe(
      '[app](/examples/react-vite/#maintsx) `law`',
    )
  })

  it('is left alone inside of a block', () => {
    const block = '```ts\nfirst[0](second.md)\n```\n'
    expect(read('docs/apis.md', block)).toBe(block)
  })

  it('is refused where it leads to nothing', () => {
    expect(() => read('docs/apis.md', '[a](no-such-page.md)')).toThrow('docs/apis.md links to no-such-page.md')
  })
})

it('a heading has the anchor that GitHub gives it', () => {
  const headings = ['What does "invalid token" mean?', '`redirectUri`, and where tokens go', 'id_token_at_hash']
  expect(headings.map((heading) => slugOf(heading.replaceAll('`', '')))).toEqual([
    'what-does-invalid-token-mean',
    'redirecturi-and-where-tokens-go',
    'id_token_at_hash',
  ])
})

describe('the links of the built site', () => {
  function built(files: Record<string, string>) {
    const folder = mkdtempSync(join(tmpdir(), 'tokenward-site-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    for (const [name, html] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), html)
    }
    return folder
  }

  it('lead to pages, folders, files and headings that exist', () => {
    const folder = built({
      'index.html':
        '<a href="/base/a#b">a</a><a href="/base/c/">c</a><img src="/base/i.png"><a href="https://x.example/">x</a>',
      'a.html': '<h2 id="b"></h2><a href="#b">b</a><a href="/base/c/#top">c</a>',
      'c/index.html': '<h1 id="top"></h1><a href="../a">a</a>',
      'i.png': '',
    })
    expect(brokenLinks(folder, '/base/')).toEqual({ links: 6, broken: [] })
  })

  it.each([
    ['a page', '/base/none'],
    ['a heading', '/base/#none'],
    ['a heading of another page', '/base/a#none'],
    ['a place beside the site', '/elsewhere'],
  ])('are found where they lead to %s that is not there', (_, link) => {
    const folder = built({ 'index.html': `<a class="x" href="${link}">a</a>`, 'a.html': '' })
    expect(brokenLinks(folder, '/base/').broken).toEqual([{ page: 'index.html', link }])
  })
})

describe('a picture', () => {
  const participants = 'sequenceDiagram\n  participant A as tab A\n  participant B\n'

  it('of a sequence has every participant, message and note, and says them to those who do not see it', () => {
    const svg = sequencePicture(`${participants}  A->>B: asks <once>\n  B-->>A: answers\n  Note over A: keeps it\n`)
    for (const text of ['>tab A</text>', '>asks &lt;once></text>', '>answers</text>', '>keeps it</text>'])
      expect(svg).toContain(text)
    expect(svg).toContain('aria-label="tab A to B: asks &lt;once>. B to tab A: answers. keeps it"')
  })

  it('of a flowchart puts each box below those that point to it', () => {
    const svg = flowchartPicture('flowchart TD\n  a --> b\n  b --> c\n  a --> c\n')
    const heights = ['a', 'b', 'c'].map((id) => Number(new RegExp(`y="([\\d.]+)"[^>]*>${id}</text>`).exec(svg)?.[1]))
    expect(heights).toEqual(heights.toSorted((one, other) => one - other))
    expect(new Set(heights).size).toBe(3)
  })

  it.each([
    ['a line that it does not draw', () => sequencePicture(`${participants}  loop every minute\n`)],
    ['somebody it does not know', () => sequencePicture(`${participants}  A->>C: hello\n`)],
    ['an arrow with a word', () => flowchartPicture('flowchart TD\n  a -- text --> b\n')],
  ])('is refused for %s', (_, draw) => {
    expect(draw).toThrow('is not understood')
  })
})
