/**
 * Names of members that only the inside of the library knows: none is in a type that the package declares, none is stored, sent to another
 * context or asked of a server, and nothing reaches one by a text. The build for production shortens them, as bundlers' minifiers leave
 * members alone. `test/package/private-names.test.ts` holds each of them to all of that.
 */
export const privateNames = [
  'live',
  'held',
  'unsaved',
  'meaning',
  'signInTarget',
  'completing',
  'refreshAhead',
  'statePrefix',
  'unchangedFor',
  'grantOf',
  'refreshAt',
  'leaseTime',
  'retrying',
  'returnedAt',
  'heard',
  'isSecure',
  'stored',
  'onEffect',
  'noteFailure',
  'refreshable',
  'lockTimeout',
  'suspect',
  'shown',
  'began',
  'asked',
  'deadAt',
  'users',
  'isNewer',
  'waitAt',
  'keyOf',
  'nudge',
  'update',
  'order',
  'confirm',
  'complete',
  'still',
  'save',
  'wake',
  'pause',
  'turn',
  'discard',
  'note',
  'seen',
]

/** One for each name, as long as they last. None of them is a member of a JSON Web Key, as `x` and `y` are (RFC 7517). */
const LETTERS = 'acfghjlmosuvwz$_ABCDEFGHIJKLMNO'

/** What each becomes, the same in every file. */
export const shortNames = Object.fromEntries(
  privateNames.map((name, index) => [name, LETTERS[index] ?? `${LETTERS[index % LETTERS.length]}_`]),
)

/** Finds them, and nothing else. */
export const isPrivateName = new RegExp(`^(${privateNames.join('|')})$`)
