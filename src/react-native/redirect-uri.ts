import { type Check, check } from '../manager/check-options.ts'

/**
 * Set it to `true` in the options of `createTokenManager` to allow a `redirectUri` with any scheme: `exp://…` of Expo Go while you develop, or
 * `notes:/callback` of an app that people already have. Another app on the phone may use the same scheme and be opened in place of yours.
 */
export const allowAnyScheme: unique symbol = Symbol('allowAnyScheme')

// A host with a dot and a name at its end: the system never gives an app an IP address or localhost. As browsers write it, for that is
// what comes back: in lower case, without a port, without a user.
const CLAIMED = /^https:\/\/[a-z\d-]+(\.[a-z\d-]+)*\.[a-z][a-z\d-]*([/?]|$)/
const REVERSE_DOMAIN = /^[a-z][a-z\d+-]*(\.[a-z\d+-]+)+:/
const ANY_SCHEME = /^[a-z][a-z\d+.-]*:/

const written = (pattern: RegExp) => (value: string) => pattern.test(value)

const link: Check = [
  written(CLAIMED),
  'an https link to a domain that the app has claimed, with its host in lower case and without a port (https://app.example.com/callback); nothing on a phone answers at localhost',
]
const anyScheme: Check = [written(ANY_SCHEME), 'a URI with its scheme in lower case, as browsers write it']
const ownScheme: Check = [
  written(REVERSE_DOMAIN),
  'an https link that the app has claimed, or a URI whose scheme is a domain of yours in reverse, in lower case (com.example.app:/callback); any app may use a scheme without a dot (RFC 8252 §7.1), which [allowAnyScheme]: true allows',
]

/**
 * Checks where the person comes back to (RFC 8252 §7): the phone has to open this app for it, and no other.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, with what is allowed
 */
export function checkRedirectUri(redirectUri: string | undefined, isAnyScheme: boolean): void {
  const isLink = /^https?:/i.test(redirectUri ?? '')
  const scheme = isAnyScheme ? anyScheme : ownScheme
  check({ redirectUri }, { redirectUri: isLink ? link : scheme }, '')
}
