/** `bytes` as base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  return base64urlOf(String.fromCharCode.apply(null, bytes as unknown as number[]))
}

/** `text` as base64url without padding. Each of its characters stands for one byte. */
export function base64urlOf(text: string): string {
  return btoa(text).replace(/[+/=]/g, (char) => (char === '+' ? '-' : char === '/' ? '_' : ''))
}
