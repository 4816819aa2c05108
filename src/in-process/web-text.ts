import type { WireText } from '../ports.ts'

/** The platform's own `URLSearchParams` and `TextDecoder`. */
export const webText: WireText = {
  form: (parameters) => `${new URLSearchParams(parameters.map(([name, value]) => [name, value]))}`,
  query: (text) => [...new URLSearchParams(text)],
  utf8: (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))),
}
