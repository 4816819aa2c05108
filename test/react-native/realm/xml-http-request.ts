import { type NativeAnswer, type Phone, send } from '../../platforms/react-native/realm/phone.ts'

/** `XMLHttpRequest` as far as React Native's `fetch` uses it. Like React Native's own it knows no `URLSearchParams`. */
export function xmlHttpRequest(on: Phone) {
  return class XMLHttpRequest {
    withCredentials = true
    status = 0
    statusText = ''
    responseURL = ''
    response = ''
    onload = () => {}
    onerror = () => {}
    onabort = () => {}
    #method = ''
    #url = ''
    #isAborted = false
    readonly #headers: Record<string, string> = {}
    #answered: Readonly<Record<string, string>> = {}

    open(method: string, url: string) {
      this.#method = method
      this.#url = url
    }

    setRequestHeader(name: string, value: string) {
      this.#headers[name.toLowerCase()] = value
    }

    getAllResponseHeaders(): string {
      const lines = Object.entries(this.#answered).map(([name, value]) => `${name}: ${value}`)
      return lines.join('\r\n')
    }

    abort() {
      this.#isAborted = true
      this.onabort()
    }

    send(body: unknown) {
      const kind = body === null || body === undefined ? 'none' : 'not understood'
      const handed = {
        method: this.#method,
        url: this.#url,
        headers: this.#headers,
        cookies: this.withCredentials,
        bodyKind: typeof body === 'string' ? 'string' : kind,
        body: typeof body === 'string' ? body : '',
      } as const
      send(on, handed).then(
        (answer) => this.#hear(answer),
        () => this.onerror(),
      )
    }

    #hear({ status, headers = {}, body = '', url }: NativeAnswer) {
      if (this.#isAborted) return
      this.#answered = headers
      this.status = status
      this.response = body
      this.responseURL = url ?? this.#url
      this.onload()
    }
  }
}
