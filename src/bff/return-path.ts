// Characters that a browser changes to a slash or leaves out. It would then understand the path differently than this check.
const MISREAD = /[\\\0-\x20\x7f]/

/** The longest path that is kept until the person comes back, in characters. */
const LONGEST = 2048

/** `path` if it certainly leads to a page of this site. `undefined` if a browser could understand it as another place. */
export function returnPath(path: string, origin: string): string | undefined {
  const looksLikePath = path.startsWith('/') && !path.startsWith('//')
  if (!looksLikePath || path.length > LONGEST) return undefined
  if (MISREAD.test(path)) return undefined

  const { origin: reached, pathname, search, hash } = new URL(origin + path)
  // A browser changes `/.//elsewhere` to `//elsewhere`, which is another host.
  const stays = reached === origin && !pathname.startsWith('//')
  return stays ? pathname + search + hash : undefined
}
