/** RFC 4648 §5 without padding. */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (char) => (char === '+' ? '-' : char === '/' ? '_' : ''))
}
