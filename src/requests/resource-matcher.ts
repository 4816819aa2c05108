import { invalidOption } from '../errors.ts'
import type { Target } from '../protocol/access-token.ts'
import { LOOPBACK, LOOPBACK_HINT } from '../protocol/allow-insecure-loopback.ts'
import { isDevelopment } from '../protocol/development.ts'
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

/** Whether a URL gets a token, and which. */
export type Match =
  | {
      /** Which API the token is for. It is the same object for every URL of one entry. */
      readonly target: Target
      /** The absolute URL that was compared with the entries. The request has to go to exactly this URL. */
      readonly url: string
      /** Whether the token may go to every path of this origin, because the only entry for this origin is the whole origin. */
      readonly wholeOrigin: boolean
    }
  | {
      readonly target?: undefined
      readonly url?: undefined
      /** Why the URL gets no token. */
      readonly reason: 'target_not_listed' | 'insecure_target'
      /** The origin and path of the URL. Absent if the URL could not be read. */
      readonly place?: string | undefined
      /** The entries for the same origin: their origins and paths. */
      readonly listed: readonly string[]
    }

// URLs are not read by the platform's `URL`: React Native's takes api.example.com for the host of https://evil.com/@api.example.com. A URL
// that two readers could understand differently does not match here. Such are URLs with a user name, a backslash, a control character, an
// escape or a non-ASCII character in the host, an unusual port, or a number that is rewritten as an IPv4 address.
const PARTS =
  /^(https?):\/\/((?:[a-z\d_-]+\.)*[a-z_][a-z\d_-]*\.?|(?:(?!0\d)\d{1,3}(?:\.(?=\d)|(?=[:/?#]|$))){4}|\[::1])(:[1-9]\d{0,4})?(\/[!"$->@-[\]-~\x80-\uffff]*)?([?#][ -~\x80-\uffff]*)?$/i
// A dot segment, also one that a server sees only after it has cut something off (";x", "?", a blank). And what servers read differently:
// control characters, UTF-8 in more bytes than needed, Microsoft's %uXXXX.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CLIMBS = /[/\\]\.{1,2}(?![\w.~-])|[\0-\x1f\x7f]|%(?:c[01]|e0%[89]|f0%8|u[\da-f]{4})/i
const MEMO = 99

/** Which API the access token of a sign-in is for: the one of the first entry. */
export function signInTarget([first = '']: readonly ResourceOption[] = []): Target {
  const { url: _, ...target } = entryOf(first)
  return target
}

/** The scope that a sign-in asks for: `scope`, and the scopes of all entries. */
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
 * Reads the list of places that tokens may go to, and returns a function that compares URLs with it. If several entries match, the one with
 * the longest path counts. A URL that begins with `/` belongs to `origin`, whatever the page's `<base>` says. Other relative URLs (`notes`,
 * `../notes`) never match.
 * @param resources an empty list matches nothing. If two entries have the same URL, the first one counts
 * @param options `origin`: the origin of URLs that begin with `/`. `insecureLoopback`: accept `http` on 127.0.0.1, [::1] and localhost
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
      const reason = at && !at.secure ? 'insecure_target' : 'target_not_listed'
      // Only a sentence for developers names places.
      if (!isDevelopment) return { reason, listed: [] }

      const nearby = entries.filter(({ origin }) => origin === at?.origin)
      return { reason, place: at && at.origin + at.path, listed: nearby.map(({ origin, path }) => origin + path) }
    }

    const wholeOrigin = entry.path === '/' && entries.every((e) => e === entry || e.origin !== at.origin)
    const match = { target: entry.target, url: at.origin + at.path + at.rest, wholeOrigin }
    if (memo.size > MEMO) memo.clear()
    memo.set(url, match)
    return match
  }
}

/** Whether a server could find a dot segment in `path`, even if it decodes escapes several times. */
function climbs(path: string): boolean {
  const undone = path.replace(/%(?:25)*([0-7][\da-f])/gi, (_, byte) => String.fromCharCode(parseInt(byte, 16)))
  return CLIMBS.test(path) || (undone !== path && climbs(undone))
}
