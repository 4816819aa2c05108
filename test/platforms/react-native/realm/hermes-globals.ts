/** What Hermes brings along, in plain JavaScript for the other engines: Base64 and an encoder for UTF-8. */
export function installWhatHermesHas(scope: Record<string, unknown>) {
  scope.btoa ??= encoded
  scope.atob ??= decoded
  scope.TextEncoder ??= TextEncoder
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function encoded(given: string): string {
  const text = String(given)
  let bits = ''
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 255) throw new Error('InvalidCharacterError')
    bits += text.charCodeAt(at).toString(2).padStart(8, '0')
  }
  const groups = bits.match(/.{1,6}/g) ?? []
  const base64 = groups.map((group) => ALPHABET[Number.parseInt(group.padEnd(6, '0'), 2)]).join('')
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
}

function decoded(given: string): string {
  const text = String(given)
    .replace(/[\t\n\f\r ]/g, '')
    .replace(/={1,2}$/, '')
  if (text.length % 4 === 1 || /[^A-Za-z\d+/]/.test(text)) throw new Error('InvalidCharacterError')
  const bits = Array.from(text, (char) => ALPHABET.indexOf(char).toString(2).padStart(6, '0')).join('')
  const bytes = bits.match(/.{8}/g) ?? []
  return bytes.map((byte) => String.fromCharCode(Number.parseInt(byte, 2))).join('')
}

class TextEncoder {
  encode(text = ''): Uint8Array {
    return Uint8Array.from(unescape(encodeURIComponent(text)), (char) => char.charCodeAt(0))
  }
}
