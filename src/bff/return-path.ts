// What a browser makes into a slash or leaves out, and so could read in another way than we do.
const MISREAD = /[\\\0-\x20\x7f]/

/** Longest that is kept until the person is back, characters. */
const LONGEST = 2048

/** `path` if it leads to a page of this site and nowhere else; `undefined` for anything that could be read as another place. */
export function returnPath(path: string, origin: string): string | undefined {
  const looksLikePath = path.startsWith('/') && !path.startsWith('//')
  if (!looksLikePath || path.length > LONGEST) return undefined
  if (MISREAD.test(path)) return undefined

  const { origin: reached, pathname, search, hash } = new URL(origin + path)
  // `/.//elsewhere` is `//elsewhere` once its dot segments are gone.
  const stays = reached === origin && !pathname.startsWith('//')
  return stays ? pathname + search + hash : undefined
}
