import { invalidOption } from '../errors.ts'
import type { Target } from '../protocol/access-token.ts'
import { LOOPBACK_HINT } from '../protocol/allow-insecure-loopback.ts'
import { union } from '../session/scope.ts'

/**
 * A URL that tokens may be sent to: an absolute `https` URL, or a path on the page's own origin that begins with `/`. It covers itself and
 * everything below it: `https://api.example.com/v1` covers `/v1` and `/v1/notes`, but not `/v10`. It has no query, no fragment, no dot
 * segments and no user name.
 */
export type ResourceOption =
  | string
  | {
      /** The URL or the path, as above. */
      readonly url: string
      /**
       * The resource indicator of the API (RFC 8707 §2), an absolute URI without fragment. A sign-in names those of all entries. Its own access
       * token is for the first entry. Default: none is sent.
       */
      readonly resource?: string
      /**
       * The same for servers that have a parameter `audience` instead. A sign-in names only that of the first entry. Default: none is sent.
       */
      readonly audience?: string
      /**
       * The scope of the tokens for this API, space-separated. Every refresh for it asks for this scope. A sign-in asks for it too, besides the
       * option `scope`. Without `resource` and `audience` it says which API a token is for, and the sign-in's own access token is for the first
       * entry. Default: the scope of the grant.
       */
      readonly scope?: string
    }

/** What a URL means for tokens. */
export type Match =
  | {
      /** What to ask for; the same object for every URL of one entry. */
      readonly target: Target
      /** The URL that was judged, absolute: send this one. */
      readonly url: string
      /** Whether the token may go to every path of this origin: no entry is for a part of it. */
      readonly wholeOrigin: boolean
    }
  | {
      readonly target?: undefined
      readonly url?: undefined
      /** Why no token goes there. */
      readonly reason: 'target_not_listed' | 'insecure_target'
      /** Its origin and path, if it could be read. */
      readonly place?: string | undefined
      /** The places of its origin that are listed. */
      readonly listed: readonly string[]
    }

// Never the platform's URL: React Native's finds the host of https://evil.com/@api.example.com in its path. What could be read
// in two ways (user names, backslashes, controls, escapes or non-ASCII in the host, odd ports, numbers that are rewritten as
// IPv4) is not a URL here.
const PARTS =
  /^(https?):\/\/((?:[a-z\d_-]+\.)*[a-z_][a-z\d_-]*\.?|(?:(?!0\d)\d{1,3}(?:\.(?=\d)|(?=[:/?#]|$))){4}|\[::1])(:[1-9]\d{0,4})?(\/[!"$->@-[\]-~\x80-\uffff]*)?([?#][ -~\x80-\uffff]*)?$/i
// A dot segment, also with what a server may cut off before it looks for one (";x", "?", a blank); and what is read in more than one
// way: controls, UTF-8 in more bytes than it takes, Microsoft's %uXXXX.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CLIMBS = /[/\\]\.{1,2}(?![\w.~-])|[\0-\x1f\x7f]|%(?:c[01]|e0%[89]|f0%8|u[\da-f]{4})/i
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1]|localhost)(:|$)/
const MEMO = 99

/** What the access token of a sign-in itself is for: what the first of `resources` names. */
export function signInTarget([first = '']: readonly ResourceOption[] = []): Target {
  const { url: _, ...target } = entryOf(first)
  return target
}

/** What signing in asks for: `scope`, and that of every entry beside it. */
export function signInScope(scope: string | undefined, resources: readonly ResourceOption[] = []): string {
  return union(scope, ...resources.map((one) => entryOf(one).scope))
}

/** The resource indicators of the entries. */
export function resourcesIn(resources: readonly ResourceOption[] = []): readonly string[] {
  return resources.flatMap((one) => entryOf(one).resource ?? [])
}

function entryOf(option: ResourceOption): Exclude<ResourceOption, string> {
  return typeof option === 'string' ? { url: option } : option
}

/**
 * Reads the allow-list once and judges URLs by it, with a strict reader of its own. The longest matching path wins. Paths
 * relative to the page (`notes`, `../notes`) never match; `/notes` is a path on `origin`, whatever `<base>` says.
 * @param resources an empty list matches nothing; of two entries for the same place the first counts
 * @param options `origin`: for URLs that begin with `/`. `insecureLoopback`: accept `http` on 127.0.0.1, [::1] and localhost
 * @throws `ERR_INVALID_OPTION` naming the entry
 */
export function resourceMatcher(
  resources: readonly ResourceOption[],
  { origin: own, insecureLoopback }: { readonly origin?: string | undefined; readonly insecureLoopback: boolean },
): (url: string) => Match {
  const read = (url: unknown) => {
    const text = `${url}`
    const [, scheme, host, port = '', path = '/', rest = ''] =
      PARTS.exec(/^\/(?!\/)/.test(text) ? own + text : text) ?? []
    if (!scheme || climbs(path)) return
    const origin = `${scheme}://${host}${port}`.toLowerCase().replace(/^(https.*):443$|^(http:.*):80$/, '$1$2')
    return { origin, path, rest, secure: origin[4] === 's' || (insecureLoopback && LOOPBACK.test(origin)) }
  }
  const invalid = (index: number) =>
    invalidOption(
      `resources[${index}]`,
      `an https URL or a path, without query, fragment, wildcard or dot segments, or an object with such a url${LOOPBACK_HINT}`,
    )
  const entries = resources.map((option: ResourceOption, index) => {
    const { url = '', ...target } = entryOf(option) ?? {}
    const at = read(url)
    const isPlace = at?.secure && !at.rest
    if (!isPlace) throw invalid(index)
    return { ...at, target: Object.freeze(target) }
  })
  entries.sort((a, b) => b.path.length - a.path.length)

  const memo = new Map<string, Match>()
  return (url) => {
    const known = memo.get(url)
    if (known) return known
    const at = read(url)
    const entry =
      at &&
      entries.find(
        (e) => e.origin === at.origin && (e.path === at.path || at.path.startsWith(e.path.replace(/\/?$/, '/'))),
      )
    if (!entry) {
      const nearby = entries.filter(({ origin }) => origin === at?.origin)
      return {
        reason: at && !at.secure ? 'insecure_target' : 'target_not_listed',
        place: at && at.origin + at.path,
        listed: nearby.map(({ origin, path }) => origin + path),
      }
    }
    const wholeOrigin = entry.path === '/' && entries.every((e) => e === entry || e.origin !== at.origin)
    const match = { target: entry.target, url: at.origin + at.path + at.rest, wholeOrigin }
    if (memo.size > MEMO) memo.clear()
    memo.set(url, match)
    return match
  }
}

/** Whether some server could find a dot segment in `path`, however often it undoes escapes. */
function climbs(path: string): boolean {
  const undone = path.replace(/%(?:25)*([0-7][\da-f])/gi, (_, byte) => String.fromCharCode(parseInt(byte, 16)))
  return CLIMBS.test(path) || (undone !== path && climbs(undone))
}
