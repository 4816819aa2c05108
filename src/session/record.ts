import type { SignedOutReason } from '../errors.ts'
import type { Crypto, EpochMs, Store } from '../ports.ts'
import type { StoredAccessToken } from '../protocol/access-token.ts'
import { base64url } from '../protocol/base64url.ts'
import { isDevelopment } from '../protocol/development.ts'
import type { DpopKey } from '../protocol/dpop.ts'
import type { IdTokenClaims } from '../protocol/token-set.ts'
import type { Failure } from './failure.ts'
import { LONGEST_BACK_OFF } from './schedule.ts'
import { isShapedAsRecord } from './stored-shape.ts'

/** The note that a context is refreshing: it may have sent the refresh token, and the outcome is not known yet. */
export interface Lease {
  /** A random text, which is different for each claim; then the name of its process, if the store can tell processes apart. */
  readonly owner: string
  /** A number that the owner increases to show that it is alive. */
  readonly beat: number
  /** Whether the owner held the lock when it claimed. */
  readonly locked: boolean
}

/** A token that still has to be revoked at the server (RFC 7009). */
export interface PendingRevocation {
  readonly kind: 'refresh_token' | 'access_token'
  readonly token: string
  readonly addedAt: EpochMs
  /** The grant that the token belongs to. */
  readonly grantId: string
}

/** The outcome of revoking one token. */
export type RevocationOutcome = 'revoked' | 'unsupported' | 'failed'

/** The outcomes for the tokens of one grant. For each kind of token it is the worst outcome. It holds no secret. */
export interface RevokedGrant {
  readonly refresh_token?: RevocationOutcome | undefined
  readonly access_token?: RevocationOutcome | undefined
  /** Whether a refresh was running at the sign-out, or its answer had been lost. */
  readonly uncertain?: boolean | undefined
}

/** One session. It is always written as a whole, under one key. */
export interface SessionRecord {
  readonly version: 1
  readonly issuer: string
  readonly clientId: string
  /** A random text, which is different for each sign-in. */
  readonly grantId: string
  /** The grant of the same person that this one has replaced. Calls that began during that grant get tokens of this one. */
  readonly follows?: string | undefined
  /** All grants that this one has replaced, the last one first, with spaces between them. None of them can come back. */
  readonly replaced?: string | undefined
  /** A number that grows by one with each refresh of this grant. */
  readonly generation: number
  /**
   * Present after a sign-out: the record is then a tombstone. It has only `grantId`, `replaced`, `generation`, `outbox` and `revoked` of the session.
   * `kept`: the grant stays valid at the server, because the person has granted `offline_access`.
   */
  readonly signedOut?:
    | { readonly at: EpochMs; readonly reason: SignedOutReason; readonly kept?: boolean | undefined }
    | undefined
  /** Absent if the server gave none, and after a refresh with an unknown outcome: it must not be sent again. */
  readonly refreshToken?: string | undefined
  /** The access tokens by {@link targetKey}. */
  readonly accessTokens: Readonly<Record<string, StoredAccessToken>>
  readonly idToken?: string | undefined
  readonly claims?: IdTokenClaims | undefined
  /** The scope of the grant. An access token with less scope does not change it (RFC 6749 §6). */
  readonly scope: string
  /**
   * The scope that the sign-in asked for. If each API has its own scope, an answer names only that of one API. A refresh may ask for any part of this
   * scope, and the server decides.
   */
  readonly requestedScope?: string | undefined
  readonly signedInAt: EpochMs
  /** When the tokens of the last sign-in or refresh were obtained. */
  readonly obtainedAt: EpochMs
  /** When the session was last used. It is only written with the option `idleTimeout`, at most ten times in that time. */
  readonly usedAt: EpochMs
  /** The key that the tokens are bound to (RFC 9449). Absent if they are bound to none. */
  readonly dpopKey?: DpopKey | undefined
  readonly lease?: Lease | undefined
  /** Present if an answer was lost, so that the refresh token may have been used. The text is different each time. */
  readonly doubt?: string | undefined
  /** When the answer was lost, on the wall clock. It is for contexts that begin later. */
  readonly doubtAt?: EpochMs | undefined
  readonly failure?: Failure | undefined
  readonly outbox: readonly PendingRevocation[]
  /** For each `grantId`: the outcomes for its tokens that are not in the outbox any more. All contexts that signed it out read them. */
  readonly revoked?: Readonly<Record<string, RevokedGrant>> | undefined
}

/** What a read found. */
export interface Found {
  /** Absent if there is no value. */
  readonly tag?: string
  readonly record?: SessionRecord
  /** Why the value is no record of this version. `newer`: a newer version of this library wrote it. `corrupt`: it cannot be understood. */
  readonly problem?: 'newer' | 'corrupt'
}

/** Thrown instead of overwriting a record that a newer version of this library wrote. */
export const NEWER_VERSION = Symbol('newer version')

const OUTBOX_LIMIT = 50
const OUTBOX_AGE = 30 * 24 * 3_600_000
const ACCESS_TOKEN_LIMIT = 32
const REVOKED_LIMIT = 8

/** Reads and checks the record under `key`. If it is no record of this issuer and client, nothing of it is used, and `problem` says why. */
export async function readRecord(
  store: Store<unknown>,
  key: string,
  owner: { readonly issuer: string; readonly clientId: string },
): Promise<Found> {
  const stored = await store.get(key)
  if (!stored) return {}

  const { value, tag } = stored
  const record = Object(value) as SessionRecord
  const { version, issuer, clientId }: { version: number; issuer: string; clientId: string } = record
  if (Number.isInteger(version) && version > 1) return { problem: 'newer', tag }

  const isOurs = isRecord(record) && issuer === owner.issuer && clientId === owner.clientId
  if (!isOurs) return { problem: 'corrupt', tag }

  return { record: isDevelopment ? withBoundedDelay(record) : record, tag }
}

function isRecord(record: SessionRecord): boolean {
  const hasParts = Boolean(record.version === 1 && record.accessTokens && record.outbox)
  return hasParts && (!isDevelopment || isShapedAsRecord(record))
}

/** No wait that lies in a store lasts longer than one this library would write. */
function withBoundedDelay(record: SessionRecord): SessionRecord {
  const { failure } = record
  if (!failure || failure.delay <= LONGEST_BACK_OFF) return record
  return { ...record, failure: { ...failure, delay: LONGEST_BACK_OFF } }
}

/** The record after a sign-out: it has no tokens any more. `tokens` are added to the outbox. Default: the tokens of `record`. */
export function tombstone(
  record: SessionRecord,
  signedOut: NonNullable<SessionRecord['signedOut']>,
  tokens: readonly PendingRevocation[] = revocable(record, signedOut.at),
): SessionRecord {
  const { version, issuer, clientId, grantId, replaced, generation, signedInAt, obtainedAt, usedAt, revoked } = record
  return {
    version,
    issuer,
    clientId,
    grantId,
    replaced,
    generation,
    signedInAt,
    obtainedAt,
    usedAt,
    revoked,
    signedOut,
    scope: '',
    accessTokens: {},
    outbox: withPending(record.outbox, tokens, signedOut.at),
  }
}

/** The outbox with `tokens` added. It has no token twice, none that is older than 30 days, and at most the newest 50. */
export function withPending(
  outbox: readonly PendingRevocation[],
  tokens: readonly PendingRevocation[],
  now: EpochMs,
): readonly PendingRevocation[] {
  const byToken = new Map([...outbox, ...tokens].map((entry) => [entry.token, entry]))
  return [...byToken.values()].filter(({ addedAt }) => now - addedAt < OUTBOX_AGE).slice(-OUTBOX_LIMIT)
}

/** The tokens of `record` that have to be revoked when its grant ends: first the refresh token, then access tokens that have not expired. */
export function revocable(record: SessionRecord, now: EpochMs): PendingRevocation[] {
  const { grantId } = record
  const pending = (kind: PendingRevocation['kind'], token: string): PendingRevocation => ({
    kind,
    token,
    addedAt: now,
    grantId,
  })
  return [
    ...(record.refreshToken ? [pending('refresh_token', record.refreshToken)] : []),
    ...living(record, now).map(({ value }) => pending('access_token', value)),
  ]
}

/** The refresh token of `record` and all its access tokens, also the expired ones. */
export function tokensOf(record: SessionRecord): ReadonlySet<string> {
  return new Set(revocable(record, -Infinity).map(({ token }) => token))
}

/** `record` without this entry in its outbox, and with the outcome. `undefined` as outcome: the server was not asked. */
export function settled(
  record: SessionRecord,
  { token, kind, grantId }: PendingRevocation,
  outcome: RevocationOutcome | undefined,
): SessionRecord {
  const outbox = record.outbox.filter((other) => other.token !== token)
  const before = record.revoked?.[grantId]?.[kind]
  // `revoked` does not replace an earlier outcome: another token of this grant could not be revoked.
  const isNews = outcome && (outcome !== 'revoked' || !before)
  return { ...record, outbox, revoked: withRevoked(record, grantId, { [kind]: isNews ? outcome : before }) }
}

/** The outcomes of revocations by grant, with `more` about one of them. At most eight grants are kept; the oldest are removed. */
export function withRevoked(
  { revoked = {} }: SessionRecord,
  grantId: string,
  more: RevokedGrant,
): SessionRecord['revoked'] {
  const { [grantId]: known, ...others } = revoked
  return Object.fromEntries([...Object.entries(others).slice(1 - REVOKED_LIMIT), [grantId, { ...known, ...more }]])
}

/** `accessTokens` with one more. Expired ones are removed. If there are more than 32, the oldest are removed too. */
export function withAccessToken(
  accessTokens: SessionRecord['accessTokens'],
  key: string,
  token: StoredAccessToken,
): SessionRecord['accessTokens'] {
  const others = Object.entries(accessTokens)
    .filter(([other, { expiresAt = Infinity }]) => other !== key && expiresAt > token.obtainedAt)
    .sort(([, a], [, b]) => b.obtainedAt - a.obtainedAt)
  return Object.fromEntries([[key, token], ...others.slice(0, ACCESS_TOKEN_LIMIT - 1)])
}

/**
 * Whether `next` is certainly later than `current`: it has the same grant with a later generation, or with the end, which is always last; or a
 * grant that has replaced that of `current`.
 */
export function supersedes(next: SessionRecord, current: SessionRecord): boolean {
  if (current.signedOut) return false
  if (next.grantId !== current.grantId) return next.replaced?.includes(current.grantId) ?? false
  return Boolean(next.signedOut) || next.generation > current.generation
}

/** Whether a call that began during `grant` may get the tokens of `live`. It may not if they belong to another person. */
export function continues(live: SessionRecord | undefined, grant: string | undefined): live is SessionRecord {
  return grant !== undefined && (live?.grantId === grant || live?.follows === grant)
}

/** Whether one of the access tokens has not expired, by the wall clock. */
export function hasAccessToken(record: SessionRecord, now: EpochMs): boolean {
  return living(record, now).length > 0
}

function living({ accessTokens }: SessionRecord, now: EpochMs): StoredAccessToken[] {
  return Object.values(accessTokens).filter(({ expiresAt = Infinity }) => expiresAt > now)
}

/** How many characters a {@link randomId} has. */
export const ID_LENGTH = 22

/** 128 random bits as base64url. */
export function randomId(crypto: Crypto): string {
  return base64url(crypto.randomBytes(16))
}
