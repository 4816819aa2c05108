/** RFC 4648 §5 without padding. */
export function base64url(bytes: Uint8Array): string {
  return base64urlOf(String.fromCharCode.apply(null, bytes as unknown as number[]))
}

/** The same for a text of one-byte characters. */
export function base64urlOf(text: string): string {
  return btoa(text).replace(/[+/=]/g, (char) => (char === '+' ? '-' : char === '/' ? '_' : ''))
}
