import { type NativeAnswer, openBrowser, type Phone, send } from './phone.ts'

// The native half of Expo's modules, as far as their own JavaScript asks for it.

/** Installs what expo-modules-core puts into the global scope. `random` is the phone's. */
export function installExpo(scope: Record<string, unknown>, on: Phone, random: (length: number) => Uint8Array) {
  scope.expo = {
    EventEmitter,
    SharedObject,
    NativeModule: EventEmitter,
    SharedRef: SharedObject,
    modules: {
      ExpoFetchModule: fetchModule(on),
      ExpoSecureStore: {
        ...{ AFTER_FIRST_UNLOCK: 0, AFTER_FIRST_UNLOCK_THIS_DEVICE_ONLY: 1, WHEN_UNLOCKED: 5 },
        getValueWithKeyAsync: async (key: string) => on.keychain.get(key) ?? null,
        setValueWithKeyAsync: async (value: string, key: string, options: unknown) => {
          on.written.push(options)
          on.keychain.set(key, value)
        },
        deleteValueWithKeyAsync: async (key: string) => {
          on.keychain.delete(key)
        },
      },
      ExpoAsset: {},
      ExpoCryptoAES: { EncryptionKey: SharedObject, SealedData: SharedObject },
      ExpoFontLoader: { getLoadedFonts: () => [] },
      ExponentConstants: { manifest: '{}' },
      ExpoCrypto: {
        getRandomValues: (array: Uint8Array) => array.set(random(array.length)),
      },
      ExpoWebBrowser: {
        openBrowserAsync: async (url: string, options: unknown) => {
          void openBrowser(on, url, options)
          return { type: 'opened' }
        },
        openAuthSessionAsync: (url: string, _: string, options: unknown) => openBrowser(on, url, options),
      },
    },
    uuidv4: () => '',
    uuidv5: () => '',
    getViewConfig: () => null,
    reloadAppAsync() {},
  }
}

class EventEmitter {
  readonly #listeners = new Map<string, Set<(...args: readonly unknown[]) => void>>()

  addListener(type: string, listener: (...args: readonly unknown[]) => void) {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
    return { remove: () => listeners.delete(listener) }
  }

  removeListener(type: string, listener: (...args: readonly unknown[]) => void) {
    this.#listeners.get(type)?.delete(listener)
  }

  removeAllListeners(type: string) {
    this.#listeners.delete(type)
  }

  emit(type: string, ...args: readonly unknown[]) {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(...args)
  }

  listenerCount(type: string) {
    return this.#listeners.get(type)?.size ?? 0
  }
}

class SharedObject extends EventEmitter {
  release() {}
}

interface NativeInit {
  readonly method: string
  readonly headers: readonly (readonly [string, string])[]
  readonly credentials: string
}

function fetchModule(on: Phone) {
  class NativeResponse extends SharedObject {
    bodyUsed = false
    answer: NativeAnswer = { status: 0 }
    asked = ''

    // Of the class and not of the object, as what a native class has: Expo's own class overrides them.
    get url() {
      return this.answer.url ?? this.asked
    }

    get redirected() {
      return false
    }

    get statusText() {
      return ''
    }

    get status() {
      return this.answer.status
    }

    get _rawHeaders() {
      return Object.entries(this.answer.headers ?? {})
    }

    async startStreaming() {
      this.bodyUsed = true
      return bytesOf(this.answer.body ?? '')
    }

    cancelStreaming() {}

    async arrayBuffer() {
      return (await this.startStreaming()).buffer
    }

    async text() {
      this.bodyUsed = true
      return this.answer.body ?? ''
    }
  }

  class NativeRequest extends SharedObject {
    readonly #response: NativeResponse
    #isCancelled = false

    constructor(response: NativeResponse) {
      super()
      this.#response = response
    }

    async start(url: string, { method, headers: given, credentials }: NativeInit, body: Uint8Array | null) {
      const headers = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]))
      const sent = { bodyKind: body ? 'bytes' : 'none', body: body ? textOf(body) : '' } as const
      const answer = await send(on, { method, url, headers, cookies: credentials !== 'omit', ...sent })
      if (this.#isCancelled) throw new Error('The request was cancelled')

      this.#response.answer = answer
      this.#response.asked = url
      this.#response.emit('readyForJSFinalization')
    }

    cancel() {
      this.#isCancelled = true
    }
  }

  return { NativeRequest, NativeResponse }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(unescape(encodeURIComponent(text)), (char) => char.charCodeAt(0))
}

function textOf(bytes: Uint8Array): string {
  return decodeURIComponent(escape(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')))
}
