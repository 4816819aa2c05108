import type { WireText } from '../ports.ts'
import { utf8 } from '../protocol/utf8.ts'

/** Writes and reads forms and queries without `URLSearchParams`, which React Native sends as an empty body, and without `TextDecoder`. */
export const ownText: WireText = {
  form: (parameters) => parameters.map((pair) => pair.map(encode).join('=')).join('&'),
  query: (text) => {
    const pairs = text.replace(/^\?/, '').split('&').filter(Boolean)
    return pairs.map((pair) => {
      const [name = ''] = pair.split('=', 1)
      return [decode(name), decode(pair.slice(name.length + 1))]
    })
  },
  utf8,
}

function encode(text: string): string {
  return encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd')).replace(/%20|[!'()~]/g, (found) =>
    found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function decode(text: string): string {
  return text
    .replace(/\+/g, ' ')
    .replace(/(%[\da-f]{2})+/gi, (run) =>
      utf8(run.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))),
    )
}
