import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitepress'
import { entries, root } from '../../scripts/entries.mjs'
import { slugOf } from '../links.mjs'
import { extendMarkdown } from '../markdown.mjs'

const base = process.env.SITE_BASE ?? '/'
// `npm run docs` writes it, with the pages.
const sidebar = JSON.parse(readFileSync(`${root}site/pages/sidebar.json`, 'utf8'))

export default defineConfig({
  title: 'tokenward',
  description:
    'Signs people in with OAuth 2.0 and OpenID Connect, keeps their tokens fresh, and ends a session everywhere at once.',
  lang: 'en',
  base,
  srcDir: 'pages',
  srcExclude: ['public/**'],
  outDir: 'dist',
  cacheDir: '../node_modules/.cache/vitepress',
  cleanUrls: true,
  metaChunk: true,
  head: [
    ['link', { rel: 'icon', href: `${base}icon.svg`, type: 'image/svg+xml' }],
    // No page talks to anybody but this site: a token that somebody pastes stays where it is.
    ['meta', { 'http-equiv': 'Content-Security-Policy', content: "connect-src 'self'; form-action 'none'" }],
  ],
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: extendMarkdown,
  },
  themeConfig: {
    logo: { src: '/icon.svg', alt: '' },
    nav: [
      { text: 'Begin', link: '/start/', activeMatch: '^/(start|frameworks|react-native|apis|bff)' },
      { text: 'Understand', link: '/concepts/', activeMatch: '^/(concepts|guarantees|security)' },
      { text: 'Recipes', link: '/recipes/', activeMatch: '^/recipes' },
      { text: 'Invalid token?', link: '/invalid-token' },
      { text: 'Errors', link: '/troubleshooting' },
      { text: 'API', link: '/reference/browser', activeMatch: '^/reference' },
    ],
    sidebar,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          searchOptions: {
            // Who searches a word wants what is said of it first, and each place it stands in afterwards.
            boostDocument: (id: string) => (/\/(reference|conformance|changelog|examples)/.test(id) ? 0.3 : 1),
          },
        },
      },
    },
    footer: { message: 'MIT License' },
  },
  vite: {
    resolve: {
      alias: entries.map(({ specifier, source }) => ({ find: new RegExp(`^${specifier}$`), replacement: source })),
    },
    // The pages are no part of the dependencies' folder, and the default is what a search of the whole API reference needs.
    build: { chunkSizeWarningLimit: 3_000 },
  },
})
