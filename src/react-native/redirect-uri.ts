import { type Check, check } from '../manager/check-options.ts'

/**
 * An option of `createTokenManager`. Set it to `true` to allow a `redirectUri` with any scheme: `exp://…` of Expo Go during development, or
 * `notes:/callback` of an app that is already installed on phones. Another app on the phone may use the same scheme, and be opened instead of
 * yours. Default false.
 */
export const allowAnyScheme: unique symbol = Symbol('allowAnyScheme')

// The host needs a dot and must end with a name, because the system opens no app for an IP address or for localhost. It is in lower case and
// has no port and no user, because that is how the URL comes back from the browser.
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
 * Checks the redirect URI (RFC 8252 §7). The phone has to open this app for it, and no other app.
 * @throws TokenManagerError `ERR_INVALID_OPTION`, saying what is allowed
 */
export function checkRedirectUri(redirectUri: string | undefined, isAnyScheme: boolean): void {
  const isLink = /^https?:/i.test(redirectUri ?? '')
  const scheme = isAnyScheme ? anyScheme : ownScheme
  check({ redirectUri }, { redirectUri: isLink ? link : scheme }, '')
}
