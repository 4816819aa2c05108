import type { WireText } from '../ports.ts'

/** Writes and reads forms, queries and UTF-8 with the platform's `URLSearchParams` and `TextDecoder`. */
export const webText: WireText = {
  form: (parameters) => `${new URLSearchParams(parameters.map(([name, value]) => [name, value]))}`,
  query: (text) => [...new URLSearchParams(text)],
  utf8: (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))),
}
