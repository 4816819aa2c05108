/** A request as the native side was handed it. */
export interface HandedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly bodyKind: 'none' | 'string' | 'base64' | 'blob' | 'formData' | 'uri' | 'bytes' | 'not understood'
  readonly body: string
  /** Whether the cookies of the phone go with it. */
  readonly cookies: boolean
}

/** What the network answers. */
export interface NativeAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Where a redirect led that the native side followed. */
  readonly url?: string
}

/** The native half of the phone: what is handed to it, and what it does. */
export interface Phone {
  readonly os: 'android' | 'ios'
  /** Items of its keychain, by name; they outlive the app. */
  readonly keychain: Map<string, string>
  readonly handed: HandedRequest[]
  /** How each item was written. */
  readonly written: unknown[]
  /** URLs that the system's browser was opened with, and with which options. */
  readonly opened: unknown[]
  /** What is on the other side of the network. */
  network: (request: HandedRequest) => NativeAnswer | Promise<NativeAnswer>
  /** What the person does when the browser opens. */
  person: (url: string) => void
  /** Says something to the JavaScript: an event of React Native. */
  emit: (type: string, ...args: readonly unknown[]) => void
  initialUrl: string | null
  appState: string
  /** What closes the browser, where its native side waits for that. */
  closeBrowser: (result: { readonly type: string; readonly url?: string }) => void
}

export function phone(os: Phone['os'] = 'android'): Phone {
  return {
    os,
    keychain: new Map(),
    handed: [],
    written: [],
    opened: [],
    network: () => ({ status: 404 }),
    person() {},
    emit() {},
    initialUrl: null,
    appState: 'active',
    closeBrowser() {},
  }
}

/** What the network says to a request that the native side was handed. */
export async function send(on: Phone, request: HandedRequest): Promise<NativeAnswer> {
  on.handed.push(request)
  return on.network(request)
}

/** The browser of a phone is opened; the promise is what its native side says when it is closed. */
export function openBrowser(on: Phone, url: string, options: unknown) {
  on.opened.push({ url, options })
  const closed = new Promise<{ readonly type: string; readonly url?: string }>((resolve) => {
    on.closeBrowser = resolve
  })
  on.person(url)
  return closed
}
