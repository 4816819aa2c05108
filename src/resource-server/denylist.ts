import type { DeniableIssuer, DeniableToken, Denial, DenylistEntry } from './denial.ts'
import { isDenial, isDenylistEntry } from './denylist-entry.ts'
import { FilteredMap } from './filtered-map.ts'
import { invalidOption } from './invalid-option.ts'

/** Where denials live, so that every process hears of them. */
export interface DenylistStore {
  /** Adds denials; resolves once they are safe and on their way to everybody. */
  append(entries: readonly DenylistEntry[]): Promise<void>
  /**
   * Follows the store from its beginning: `onEntries` gets what there is, then what comes, whatever it is: each entry is checked there.
   * `onCurrent` is told each time that nothing was missed up to `at` (epoch milliseconds by this process's own clock). Reconnects by
   * itself. Returns its own undo.
   */
  follow(listener: {
    readonly onEntries: (entries: readonly unknown[]) => void
    readonly onCurrent: (at: number) => void
  }): () => void
}

/** How a denylist is kept. Milliseconds. */
export interface DenylistOptions {
  /** Where denials are shared. Default: this process only. */
  readonly store?: DenylistStore
  /** The longest lifetime of an access token here; entries for sign-ins, people and clients are kept that long. Default 24 h. */
  readonly maxTokenLifetime?: number
  /** The guard's `leeway`; entries outlive their tokens by it. Default 60 000. */
  readonly leeway?: number
  /** How old what this process knows may be. Default 10 000. */
  readonly maxStaleness?: number
  /**
   * What happens beyond that. `'deny'` (default): 503 until it is up to date. `'introspect'`: the issuer is asked about each token
   * (it needs `introspection`). `'allow'`: goes on with what it knows; the audit events say so.
   */
  readonly whenStale?: 'deny' | 'introspect' | 'allow'
  /**
   * Hears that entries of the store were skipped because they do not fit: written by something else, or by a newer version, whose denials
   * this process then does not know. What it throws is ignored. Default: `status().skipped` counts them.
   */
  readonly onSkipped?: (count: number) => void
  /** Wall clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

/** Tokens, sign-ins, people and clients that are refused from now on. */
export interface Denylist {
  /**
   * Denies, here at once and everywhere once the store has it. Rejects if the store did not take it; here it holds all the same.
   * Rejects with `ERR_INVALID_OPTION` and denies nothing where a denial could hit nothing: a token by its name, or a sign-in without
   * `owner`, of an issuer whose tokens carry no such name, as a guard of this process has it.
   */
  deny(...denials: readonly Denial[]): Promise<void>
  /** Why the token is refused, or `undefined`. In memory only. */
  check(token: DeniableToken): 'revoked' | 'session_ended' | undefined
  /**
   * The claim that the token lacks and a denial of its issuer is looked up by; `undefined`: it can be told from every denied token. A
   * guard refuses the others.
   */
  cannotTell(token: DeniableToken): 'jti' | 'sid' | 'sub' | 'client_id' | undefined
  /** Hears from guards what tokens of an issuer carry. */
  describeIssuer(issuer: DeniableIssuer): void
  /** Hears that there are new denials, of this process or of the store. Returns its own undo. */
  subscribe(listener: () => void): () => void
  /** What is done now because what it knows is older than `maxStaleness`; `undefined`: it is up to date. */
  readonly stale: NonNullable<DenylistOptions['whenStale']> | undefined
  /** The option. */
  readonly whenStale: NonNullable<DenylistOptions['whenStale']>
  /** How it stands. */
  status(): DenylistStatus
  /** Resolves once everything in the store has been read. */
  ready(): Promise<void>
  /** Stops following the store. */
  close(): void
}

/** How a denylist stands. */
export interface DenylistStatus {
  /** In memory. */
  readonly entries: number
  /** How old what it knows is, ms; 0 without a store. */
  readonly staleness: number
  /** Entries of the store that did not fit and were skipped, since the beginning. */
  readonly skipped: number
}

/** The denials of one issuer. Cut-offs in ms; expiries in seconds, which engines keep without a box. */
interface Denied {
  readonly jti: FilteredMap<number>
  readonly sid: FilteredMap<Cutoff>
  /** People, a sign-in of whom is denied: what of theirs names no sign-in may be of it. */
  readonly sessionOf: FilteredMap<Cutoff>
  readonly subject: FilteredMap<Cutoff>
  readonly client: FilteredMap<Cutoff>
  readonly grant: FilteredMap<Cutoff>
}

interface Cutoff {
  readonly before: number
  readonly until: number
}

/** The latest denials of one issuer by each claim, for tokens that lack it. */
interface Latest {
  jti: number
  /** Sign-ins of whoever. */
  sid: Cutoff
  /** Sign-ins, those of an owner too. */
  session: Cutoff
  sub: Cutoff
  client_id: Cutoff
}

const NEVER: Cutoff = { before: 0, until: 0 }

/** Entries looked at for each one added, so that expired ones go without a timer. */
const SWEEP = 4

/**
 * A denylist with a replica in this process: `check` is a look-up in memory. An entry lives until the last token it can hit has
 * expired. Tokens are named by (`iss`, `jti`), never by a hash of their text: one ECDSA signature has several spellings.
 * @throws TokenManagerError `ERR_INVALID_OPTION`
 */
export function createDenylist(options: DenylistOptions = {}): Denylist {
  const { store, maxTokenLifetime = 86_400_000, leeway = 60_000, maxStaleness = 10_000, whenStale = 'deny' } = options
  const { now = Date.now, onSkipped } = options
  if (!(maxTokenLifetime > 0 && Number.isFinite(maxTokenLifetime)))
    throw invalidOption('maxTokenLifetime has to be milliseconds above 0')
  if (!(leeway >= 0 && Number.isFinite(leeway))) throw invalidOption('leeway has to be milliseconds, 0 or more')
  if (!(maxStaleness > 0)) throw invalidOption('maxStaleness has to be milliseconds above 0')
  if (!['deny', 'introspect', 'allow'].includes(whenStale))
    throw invalidOption('whenStale has to be deny, introspect or allow')
  const issuers = new Map<string, Denied>()
  const latestOf = new Map<string, Latest>()
  const described: DeniableIssuer[] = []
  let currentAt = Number.NEGATIVE_INFINITY
  let becomeReady = () => {}
  const isReady = new Promise<void>((resolve) => {
    becomeReady = resolve
  })
  let sweeping: Iterator<() => void> | undefined
  let skipped = 0
  const listeners = new Set<() => void>()
  const stop = store?.follow({
    onEntries(entries) {
      const fitting = entries.filter(isDenylistEntry)
      for (const entry of fitting) add(entry)
      if (fitting.length > 0) tellDenied()
      tellSkipped(entries.length - fitting.length)
    },
    onCurrent(at) {
      currentAt = at
      becomeReady()
    },
  })
  if (!store) becomeReady()

  return {
    async deny(...denials) {
      for (const denial of denials) {
        checkDenial(denial)
        checkReach(denial)
      }
      const entries = denials.map((denial) => ({
        denial,
        until: ('jti' in denial ? denial.expiresAt : now() + maxTokenLifetime) + leeway,
      }))
      for (const entry of entries) add(entry)
      tellDenied()
      await store?.append(entries)
    },
    check({ iss, jti, sid, sub, client_id, iat }) {
      const denied = issuers.get(iss)
      if (!denied) return undefined
      const until = jti === undefined ? undefined : denied.jti.get(jti)
      if (until !== undefined && until * 1_000 > now()) return 'revoked'
      // Without a time of issue it may be older than any cut-off.
      const issuedAt = iat === undefined ? 0 : iat * 1_000
      if (sid !== undefined && denied.sid.size && hits(denied.sid.get(sid), issuedAt)) return 'session_ended'
      const ofSomeSession = sid === undefined && sub !== undefined && denied.sessionOf.size > 0
      if (ofSomeSession && hits(denied.sessionOf.get(sub), issuedAt)) return 'session_ended'
      if (sub !== undefined && denied.subject.size && hits(denied.subject.get(sub), issuedAt)) return 'session_ended'
      if (client_id === undefined) return undefined
      if (denied.client.size && hits(denied.client.get(client_id), issuedAt)) return 'revoked'
      if (sub !== undefined && denied.grant.size && hits(denied.grant.get(grantKey(sub, client_id)), issuedAt))
        return 'revoked'
      return undefined
    },
    cannotTell({ iss, jti, sid, sub, client_id, iat = 0 }) {
      const latest = latestOf.get(iss)
      if (!latest) return undefined
      const issuedAt = iat * 1_000
      if (jti === undefined && latest.jti > now()) return 'jti'
      // Whose sign-in it was helps only where the token says whose it is.
      if (sid === undefined && hits(sub === undefined ? latest.session : latest.sid, issuedAt)) return 'sid'
      if (sub === undefined && hits(latest.sub, issuedAt)) return 'sub'
      return client_id === undefined && hits(latest.client_id, issuedAt) ? 'client_id' : undefined
    },
    describeIssuer: (issuer) => void described.push(issuer),
    subscribe(listener) {
      const own = () => listener()
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    whenStale,
    get stale() {
      return store && now() - currentAt > maxStaleness ? whenStale : undefined
    },
    status() {
      let entries = 0
      for (const { jti, sid, subject, client, grant } of issuers.values())
        for (const map of [jti, sid, subject, client, grant]) entries += map.size
      return { entries, staleness: store ? now() - currentAt : 0, skipped }
    },
    ready: () => isReady,
    close: () => stop?.(),
  }

  function tellDenied(): void {
    for (const listener of [...listeners]) {
      try {
        listener()
      } catch {
        // Whoever listens has no say in what is denied.
      }
    }
  }

  function tellSkipped(count: number): void {
    if (count === 0) return
    skipped += count
    try {
      onSkipped?.(count)
    } catch {
      // Whoever listens has no say in what is denied.
    }
  }

  function hits(cutoff: Cutoff | undefined, issuedAt: number): boolean {
    return cutoff !== undefined && issuedAt <= cutoff.before && cutoff.until > now()
  }

  function add({ denial, until }: DenylistEntry): void {
    if (until <= now()) return
    const denied = issuers.get(denial.issuer) ?? nobody()
    issuers.set(denial.issuer, denied)
    addTo(denied, denial, until)
    const latest = latestOf.get(denial.issuer) ?? { jti: 0, sid: NEVER, session: NEVER, sub: NEVER, client_id: NEVER }
    latestOf.set(denial.issuer, latest)
    noteLatest(latest, denial, until)
    sweep()
  }

  /** A denial that could hit no token is a mistake that nobody would notice. */
  function checkReach(denial: Denial): void {
    const issuer = described.filter(({ hasIssued }) => hasIssued(denial.issuer))
    const namesToken = 'jti' in denial
    const namesSession = 'sid' in denial && denial.owner === undefined
    if (namesToken && issuer.some(({ hasTokenIds }) => !hasTokenIds))
      throw invalidOption(
        'Tokens of this issuer have no name of their own: deny sid, subject or clientId instead of jti',
      )
    if (namesSession && issuer.some(({ hasSessionIds }) => !hasSessionIds))
      throw invalidOption('Tokens of this issuer do not name the sign-in: deny subject, or sid with owner')
  }

  function sweep(): void {
    for (let step = 0; step < SWEEP; step++) {
      sweeping ??= expired()
      const { done, value } = sweeping.next()
      if (done) sweeping = undefined
      else value()
    }
  }

  function* expired(): Generator<() => void> {
    for (const maps of issuers.values()) {
      for (const map of Object.values(maps) as FilteredMap<number | Cutoff>[])
        for (const [key, entry] of map)
          yield () => {
            if ((typeof entry === 'number' ? entry * 1_000 : entry.until) <= now() && map.get(key) === entry)
              map.delete(key)
          }
    }
  }
}

function nobody(): Denied {
  return {
    jti: new FilteredMap(),
    sid: new FilteredMap(),
    sessionOf: new FilteredMap(),
    subject: new FilteredMap(),
    client: new FilteredMap(),
    grant: new FilteredMap(),
  }
}

function addTo(denied: Denied, denial: Denial, until: number): void {
  if ('jti' in denial) {
    denied.jti.set(denial.jti, Math.max(Math.ceil(until / 1_000), denied.jti.get(denial.jti) ?? 0))
  } else if ('sid' in denial) {
    raise(denied.sid, denial.sid, denial.before, until)
    if (denial.owner !== undefined) raise(denied.sessionOf, denial.owner, denial.before, until)
  } else if (!('subject' in denial)) {
    raise(denied.client, denial.clientId, denial.before, until)
  } else if ('clientId' in denial) {
    raise(denied.grant, grantKey(denial.subject, denial.clientId), denial.before, until)
  } else {
    raise(denied.subject, denial.subject, denial.before, until)
  }
}

function noteLatest(latest: Latest, denial: Denial, until: number): void {
  if ('jti' in denial) {
    latest.jti = Math.max(latest.jti, until)
    return
  }
  const { before } = denial
  if ('sid' in denial) latest.session = later(latest.session, before, until)
  if ('sid' in denial && denial.owner === undefined) latest.sid = later(latest.sid, before, until)
  if ('subject' in denial) latest.sub = later(latest.sub, before, until)
  if ('clientId' in denial) latest.client_id = later(latest.client_id, before, until)
}

/** A later cut-off takes the earlier one's place; never the other way round, whatever the order they arrive in. */
function raise(map: FilteredMap<Cutoff>, key: string, before: number, until: number): void {
  map.set(key, later(map.get(key) ?? NEVER, before, until))
}

function later(known: Cutoff, before: number, until: number): Cutoff {
  return { before: Math.max(before, known.before), until: Math.max(until, known.until) }
}

function grantKey(subject: string, clientId: string): string {
  return `${clientId.length} ${clientId}${subject}`
}

function checkDenial(denial: Denial): void {
  if (!isDenial(denial))
    throw invalidOption(
      'A denial names issuer and jti with expiresAt, or one of sid (perhaps with owner), subject, clientId, or subject and clientId, with before (ms)',
    )
}
