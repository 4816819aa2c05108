// The build for production checks none of this. So a new member has to be optional, or the record needs another `version`.

/** The form of an object: for each result of `typeof`, the names of the members with that type. A name with `?` may be absent. */
type Shape = Readonly<Record<string, string>>

const RECORD: Shape = {
  string: 'issuer clientId grantId scope refreshToken? idToken? doubt? follows? replaced? requestedScope?',
  number: 'generation signedInAt obtainedAt usedAt doubtAt?',
  object: 'accessTokens outbox claims? signedOut? lease? failure? dpopKey? revoked?',
}
const SIGNED_OUT: Shape = { number: 'at', string: 'reason' }
const LEASE: Shape = { string: 'owner', number: 'beat' }
const FAILURE: Shape = {
  string: 'beat',
  number: 'delay attempts at? refusedFor? unclear?',
  object: 'cause?',
  boolean: 'personNeeded?',
}
const CAUSE: Shape = { string: 'code reason error?', number: 'status?' }
const TOKEN: Shape = { string: 'value type scope resource?', number: 'obtainedAt expiresAt? generation?' }
const PENDING_REVOCATION: Shape = { string: 'token kind grantId', number: 'addedAt' }

const RETURNED: Shape = { number: 'createdAt', string: 'stepUp? inVain?' }
const TRANSACTION: Shape = {
  number: 'createdAt maxAge?',
  string:
    'state codeVerifier redirectUri issuer scope nonce? resource? returnTo? onlySubject? stepUp? stepUpScope? tokenScope?',
  object: 'acrValues? dpopKey?',
}

/** Whether `value` has every member of a record of version 1, each of its type. */
export function isShapedAsRecord(value: unknown): boolean {
  if (!fits(value, RECORD)) return false

  const { signedOut, lease, failure, accessTokens, outbox } = membersOf(value)
  const { cause } = membersOf(failure)
  return (
    fitsIfThere(signedOut, SIGNED_OUT) &&
    fitsIfThere(lease, LEASE) &&
    fitsIfThere(failure, FAILURE) &&
    fitsIfThere(cause, CAUSE) &&
    Object.values(membersOf(accessTokens)).every(isShapedAsToken) &&
    Array.isArray(outbox) &&
    outbox.every((entry) => fits(entry, PENDING_REVOCATION))
  )
}

/** Whether `value` has every member of a sign-in on its way, or of what is left of one, each of its type. */
export function isShapedAsPending(value: unknown): boolean {
  const { state } = membersOf(value)
  return fits(value, state === undefined ? RETURNED : TRANSACTION)
}

function isShapedAsToken(value: unknown): boolean {
  const { type } = membersOf(value)
  return fits(value, TOKEN) && /^(Bearer|DPoP)$/.test(`${type}`)
}

function fitsIfThere(value: unknown, shape: Shape): boolean {
  return value === undefined || fits(value, shape)
}

function fits(value: unknown, shape: Shape): boolean {
  const members = membersOf(value)
  return Object.entries(shape).every(([type, names]) =>
    names.split(' ').every((each) => {
      const [name = '', mayLack] = each.split('?')
      const member = members[name]
      if (member === undefined) return mayLack !== undefined
      return member !== null && typeof member === type
    }),
  )
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return Object(value)
}
