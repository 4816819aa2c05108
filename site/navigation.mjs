/** @typedef {{ text: string, pages: readonly string[] }} Group pages by their sources, in the order of the sidebar */

/** The sidebar's groups. A document that is named nowhere here stands under "More". */
const groups = /** @type {readonly Group[]} */ ([
  {
    text: 'Begin',
    pages: [
      'docs/start/README.md',
      'docs/start/page.md',
      'docs/start/vite.md',
      'docs/frameworks.md',
      'docs/react-native.md',
      'docs/start/node.md',
      'docs/apis.md',
      'docs/bff.md',
    ],
  },
  {
    text: 'Understand',
    pages: [
      'docs/concepts/README.md',
      'docs/concepts/one-refresh.md',
      'docs/concepts/rotation.md',
      'docs/concepts/signing-out.md',
      'docs/concepts/invalidation.md',
      'docs/invalid-token.md',
      'docs/guarantees.md',
      'SECURITY.md',
    ],
  },
  {
    text: 'Recipes',
    pages: [
      'docs/recipes/README.md',
      'docs/recipes/signing-in.md',
      'docs/recipes/signing-out.md',
      'docs/recipes/refreshing.md',
      'docs/recipes/several-apis.md',
      'docs/recipes/libraries.md',
      'docs/recipes/dpop.md',
      'docs/recipes/without-a-page.md',
      'docs/recipes/servers.md',
    ],
  },
  {
    text: 'Look up',
    pages: [
      'docs/options.md',
      'docs/states.md',
      'docs/events.md',
      'docs/troubleshooting.md',
      'docs/performance.md',
      'CHANGELOG.md',
    ],
  },
  {
    text: 'Run it',
    pages: ['docs/bundlers.md', 'docs/testing.md', 'docs/telemetry.md', 'docs/fleets.md', 'docs/runtimes.md'],
  },
  {
    text: 'Move here from',
    pages: [
      'docs/migration/README.md',
      'docs/migration/oidc-client-ts.md',
      'docs/migration/auth0-spa-js.md',
      'docs/migration/msal-browser.md',
      'docs/migration/supabase.md',
      'docs/migration/next-auth.md',
      'docs/migration/react-native-app-auth.md',
      'docs/migration/express-oauth2-jwt-bearer.md',
    ],
  },
  {
    text: 'How it is made',
    pages: [
      'docs/architecture.md',
      'docs/conformance.md',
      'docs/simulation.md',
      'docs/chaos.md',
      'docs/mutation.md',
      'CONTRIBUTING.md',
    ],
  },
])

/** Folders that have a sidebar of their own, and the page that it begins with. */
const folders = /** @type {Readonly<Record<string, readonly [text: string, address: string, first: string]>>} */ ({
  'docs/providers/': ['Providers', '/providers/', 'docs/providers/README.md'],
  'reference/': ['API reference', '/reference/', 'reference/tokenward.md'],
  'examples/': ['Examples', '/examples/', 'examples/browser-basic.ts'],
})

/** @typedef {{ text: string, link: string }} Item */
/** @typedef {{ text: string, items: Item[] }} Section */

/**
 * The sidebars: one for each of those folders, and one for everything else, which leads to them.
 *
 * @param {readonly { source: string, address: string, title: string }[]} pages
 * @returns {Record<string, Section[]>}
 */
export function sidebarsOf(pages) {
  const left = new Map(pages.filter(({ address }) => address !== '/').map((page) => [page.source, page]))
  const take = (/** @type {string} */ source) => {
    const page = left.get(source)
    if (!page) throw new Error(`site/navigation.mjs names ${source}, which is no page, or names it twice`)
    left.delete(source)
    return { text: page.title, link: page.address }
  }
  const takeAll = (/** @type {string} */ folder) =>
    [...left.values()]
      .filter(({ source }) => source.startsWith(folder))
      .sort((a, b) => a.title.localeCompare(b.title, 'en'))
      .map(({ source }) => take(source))

  const own = Object.entries(folders).map(([folder, [text, address, first]]) => {
    const items = [take(first), ...takeAll(folder)]
    return { text, address, items }
  })
  const main = groups.map(({ text, pages }) => ({ text, items: pages.map(take) }))
  const leading = own.map(({ text, items }) => ({ text, link: items[0]?.link ?? '/' }))
  main.push({ text: 'More', items: [...leading, ...takeAll('')] })
  return { ...Object.fromEntries(own.map(({ text, address, items }) => [address, [{ text, items }]])), '/': main }
}
