import type { DeniableToken, Denial } from './denial.ts'
import { FilteredMap } from './filtered-map.ts'

/** The denials of one issuer, in memory. */
export interface IssuerDenials {
  /** How many there are. */
  readonly size: number
  /** @param until how long the denial is kept, in epoch milliseconds. If the same denial is added again, the later time counts */
  add(denial: Denial, until: number): void
  /** Why the token is refused, or `undefined`. */
  check(token: DeniableToken): 'revoked' | 'session_ended' | undefined
  /** A claim that the token lacks, and that a denial names. `undefined` if there is no such claim. */
  cannotTell(token: DeniableToken): 'jti' | 'sid' | 'sub' | 'client_id' | undefined
  /** Gives for each entry a function that removes it if its time is over. */
  expiring(): Generator<() => void>
}

/** Tokens that were issued at `before` or earlier are denied. This is kept until `until`. Both in epoch milliseconds. */
interface Cutoff {
  readonly before: number
  readonly until: number
}

/** The latest denial that names each claim. A token that lacks the claim is compared with it. */
interface Latest {
  jti: number
  /** Of sign-ins whose owner is not known. */
  sid: Cutoff
  /** Of all sign-ins. */
  session: Cutoff
  sub: Cutoff
  client_id: Cutoff
}

const NEVER: Cutoff = { before: 0, until: 0 }

/**
 * @param now epoch milliseconds
 * @param removalTime the time that decides what is removed, epoch milliseconds
 */
export function issuerDenials(now: () => number, removalTime: () => number): IssuerDenials {
  /** When the denial of each token ends. In seconds, because engines store small integers more cheaply. */
  const tokens = new FilteredMap<number>()
  const sessions = new FilteredMap<Cutoff>()
  /** The owners of denied sign-ins. A token of theirs that names no sign-in may belong to the denied one. */
  const sessionOwners = new FilteredMap<Cutoff>()
  const subjects = new FilteredMap<Cutoff>()
  const clients = new FilteredMap<Cutoff>()
  const grants = new FilteredMap<Cutoff>()
  const latest: Latest = { jti: 0, sid: NEVER, session: NEVER, sub: NEVER, client_id: NEVER }

  return {
    get size() {
      return tokens.size + sessions.size + subjects.size + clients.size + grants.size
    },
    add(denial, until) {
      if ('jti' in denial) addToken(denial.jti, until)
      else addCutoff(denial, until)
    },
    check({ jti, sid, sub, client_id, iat }) {
      if (jti !== undefined && isTokenDenied(jti)) return 'revoked'

      // A token without a time of issue counts as the oldest.
      const issuedAt = iat === undefined ? 0 : iat * 1_000
      if (hitsIn(sessions, sid, issuedAt)) return 'session_ended'
      if (sid === undefined && hitsIn(sessionOwners, sub, issuedAt)) return 'session_ended'
      if (hitsIn(subjects, sub, issuedAt)) return 'session_ended'
      if (hitsIn(clients, client_id, issuedAt)) return 'revoked'

      const canBeOfGrant = grants.size > 0 && sub !== undefined && client_id !== undefined
      if (canBeOfGrant && hits(grants.get(grantKey(sub, client_id)), issuedAt)) return 'revoked'
      return undefined
    },
    cannotTell({ jti, sid, sub, client_id, iat = 0 }) {
      const issuedAt = iat * 1_000
      if (jti === undefined && latest.jti > now()) return 'jti'

      // Denials with an owner are compared by `sub` in check(). That is possible only if the token has a `sub`.
      const latestSession = sub === undefined ? latest.session : latest.sid
      if (sid === undefined && hits(latestSession, issuedAt)) return 'sid'
      if (sub === undefined && hits(latest.sub, issuedAt)) return 'sub'
      return client_id === undefined && hits(latest.client_id, issuedAt) ? 'client_id' : undefined
    },
    *expiring() {
      yield* expiringOf(tokens, (seconds) => seconds * 1_000)
      for (const map of [sessions, sessionOwners, subjects, clients, grants])
        yield* expiringOf(map, ({ until }) => until)
    },
  }

  function addToken(jti: string, until: number): void {
    const known = tokens.get(jti) ?? 0
    tokens.set(jti, Math.max(Math.ceil(until / 1_000), known))
    latest.jti = Math.max(latest.jti, until)
  }

  function addCutoff(denial: Exclude<Denial, { readonly jti: string }>, until: number): void {
    const cutoff = { before: denial.before, until }
    if ('sid' in denial) addSession(denial.sid, denial.owner, cutoff)
    else if (!('subject' in denial)) raise(clients, denial.clientId, cutoff)
    else if ('clientId' in denial) raise(grants, grantKey(denial.subject, denial.clientId), cutoff)
    else raise(subjects, denial.subject, cutoff)

    if ('subject' in denial) latest.sub = later(latest.sub, cutoff)
    if ('clientId' in denial) latest.client_id = later(latest.client_id, cutoff)
  }

  function addSession(sid: string, owner: string | undefined, cutoff: Cutoff): void {
    raise(sessions, sid, cutoff)
    latest.session = later(latest.session, cutoff)
    if (owner === undefined) latest.sid = later(latest.sid, cutoff)
    else raise(sessionOwners, owner, cutoff)
  }

  function isTokenDenied(jti: string): boolean {
    const until = tokens.get(jti)
    return until !== undefined && until * 1_000 > now()
  }

  /** Whether `map` denies the token. Most maps are empty most of the time, so that is tested first. */
  function hitsIn(map: FilteredMap<Cutoff>, key: string | undefined, issuedAt: number): boolean {
    return map.size > 0 && key !== undefined && hits(map.get(key), issuedAt)
  }

  function hits(cutoff: Cutoff | undefined, issuedAt: number): boolean {
    return cutoff !== undefined && issuedAt <= cutoff.before && cutoff.until > now()
  }

  function* expiringOf<V>(map: FilteredMap<V>, untilOf: (entry: V) => number): Generator<() => void> {
    for (const [key, entry] of map)
      yield () => {
        // In the meantime a later denial may have replaced the entry.
        if (untilOf(entry) <= removalTime() && map.get(key) === entry) map.delete(key)
      }
  }
}

function raise(map: FilteredMap<Cutoff>, key: string, cutoff: Cutoff): void {
  map.set(key, later(map.get(key) ?? NEVER, cutoff))
}

/** The later of both times. Denials may arrive in any order. */
function later(known: Cutoff, { before, until }: Cutoff): Cutoff {
  return { before: Math.max(before, known.before), until: Math.max(until, known.until) }
}

/** The key of a person and a client. It begins with the length of the client's name, so that two different pairs never give the same key. */
function grantKey(subject: string, clientId: string): string {
  return `${clientId.length} ${clientId}${subject}`
}
