import { type HandedRequest, type NativeAnswer, openBrowser, type Phone, send } from './phone.ts'
import type { VirtualTime } from './virtual-time.ts'

// The native half of React Native (new architecture), as far as its own JavaScript asks for it.

type Callback = (...args: never[]) => unknown

const nothing = () => {}
const listens = { addListener: nothing, removeListeners: nothing }

/** Installs what the native side puts into the global scope before any of the app's JavaScript runs. */
export function installReactNative(
  scope: Record<string, unknown>,
  on: Phone,
  time: VirtualTime,
  log: (line: string) => void,
) {
  const callable: Record<string, () => { emit(type: string, ...args: readonly unknown[]): void }> = {}
  on.emit = (type, ...args) => callable.RCTDeviceEventEmitter?.().emit(type, ...args)

  const modules = reactNativeModules(on, time, log)
  const legacyModules = appModules(on)
  const isKnown = (name: string) => modules[name] ?? legacyModules[name] ?? null

  const given = {
    RN$Bridgeless: true,
    RN$registerCallableModule: (name: string, factory: () => never) => {
      callable[name] = factory
    },
    __turboModuleProxy: isKnown,
    nativeModuleProxy: legacyModules,
    nativePerformanceNow: time.elapsed,
    nativeLoggingHook: (message: string, level: number) => log(`[${level}] ${message}`),
    setTimeout: (run: (...args: unknown[]) => void, delay?: number, ...args: unknown[]) =>
      time.setTimeout(() => run(...args), delay),
    clearTimeout: time.clearTimeout,
    setInterval: () => {
      throw new Error('Nothing here repeats itself')
    },
    clearInterval: nothing,
    requestAnimationFrame: (run: (now: number) => void) => time.setTimeout(() => run(time.elapsed()), 16),
    cancelAnimationFrame: time.clearTimeout,
    // Without these React Native would replace Promise: its own engine has both.
    HermesInternal: scope.HermesInternal ?? {
      hasPromise: () => true,
      useEngineQueue: () => true,
      getRuntimeProperties: () => ({ 'OSS Release Version': 'test' }),
    },
    global: scope,
    window: scope.window ?? scope,
    self: scope,
  }
  for (const [name, value] of Object.entries(given)) scope[name] = value
}

function reactNativeModules(on: Phone, time: VirtualTime, log: (line: string) => void): Record<string, unknown> {
  const blobs = new Map<string, string>()
  const display = { width: 400, height: 800, scale: 2, fontScale: 1, densityDpi: 320 }
  const linking = {
    getInitialURL: async () => on.initialUrl,
    openURL: async () => {},
    canOpenURL: async () => true,
    openSettings: nothing,
    sendIntent: nothing,
    ...listens,
  }
  return {
    Networking: networking(on, blobs),
    BlobModule: {
      getConstants: () => ({ BLOB_URI_SCHEME: 'content', BLOB_URI_HOST: null }),
      addNetworkingHandler: nothing,
      addWebSocketHandler: nothing,
      removeWebSocketHandler: nothing,
      sendOverSocket: nothing,
      createFromParts(parts: readonly { type: string; data: string & { blobId: string } }[], id: string) {
        const text = parts.map(({ type, data }) => (type === 'string' ? data : (blobs.get(data.blobId) ?? '')))
        blobs.set(id, text.join(''))
      },
      release: (id: string) => blobs.delete(id),
    },
    FileReaderModule: {
      readAsText: async ({ blobId, offset, size }: BlobPart) => (blobs.get(blobId) ?? '').slice(offset, offset + size),
      readAsDataURL: async ({ blobId, offset, size, type }: BlobPart) =>
        `data:${type || 'application/octet-stream'};base64,${btoa((blobs.get(blobId) ?? '').slice(offset, offset + size))}`,
    },
    AppState: {
      getConstants: () => ({ initialAppState: on.appState }),
      getCurrentAppState: (hear: (state: { app_state: string }) => void) => hear({ app_state: on.appState }),
      ...listens,
    },
    IntentAndroid: linking,
    LinkingManager: linking,
    PlatformConstants: {
      getConstants: () => ({
        isTesting: false,
        isDisableAnimations: true,
        reactNativeVersion: { major: 0, minor: 86, patch: 3, prerelease: null },
        Version: 36,
        Release: '16',
        Serial: '',
        Fingerprint: '',
        Model: 'realm',
        Brand: 'realm',
        Manufacturer: 'realm',
        ServerHost: '',
        uiMode: 'normal',
        osVersion: '26',
        systemName: 'iOS',
        interfaceIdiom: 'phone',
      }),
      getAndroidID: () => 'realm',
    },
    NativeMicrotasksCxx: { queueMicrotask: (run: () => void) => void Promise.resolve().then(run) },
    DeviceInfo: {
      getConstants: () => ({
        Dimensions: {
          window: display,
          screen: display,
          windowPhysicalPixels: display,
          screenPhysicalPixels: display,
        },
        isIPhoneX_deprecated: false,
      }),
    },
    ExceptionsManager: {
      reportException: ({ message }: { message: string }) => log(`exception: ${message}`),
      updateExceptionMessage: nothing,
      dismissRedbox: nothing,
    },
    WebSocketModule: {
      connect: nothing,
      send: nothing,
      sendBinary: nothing,
      ping: nothing,
      close: nothing,
      ...listens,
    },
    NativePerformanceCxx: {
      now: time.elapsed,
      getSupportedPerformanceEntryTypes: () => [],
      getSimpleMemoryInfo: () => ({}),
      getReactNativeStartupTiming: () => ({}),
      getEventCounts: () => [],
      reportMark: nothing,
      reportMeasure: nothing,
      createObserver: nothing,
    },
    NativeReactNativeFeatureFlagsCxx: {
      enableIntersectionObserverByDefault: () => false,
      enableMutationObserverByDefault: () => false,
    },
    SourceCode: { getConstants: () => ({ scriptURL: '' }) },
  }
}

interface BlobPart {
  readonly blobId: string
  readonly offset: number
  readonly size: number
  readonly type?: string
}

/** A body as convertRequestBody.js makes it. */
interface NativeBody {
  readonly string?: string
  readonly base64?: string
  readonly blob?: BlobPart
  readonly formData?: unknown
  readonly uri?: string
}

/** A request as the JavaScript hands it over. */
interface NativeRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly data: NativeBody
  readonly responseType: string
  readonly withCredentials: boolean
}

function networking(on: Phone, blobs: Map<string, string>) {
  const aborted = new Set<number>()

  function bodyOf(data: NativeBody | null | undefined): Pick<HandedRequest, 'bodyKind' | 'body'> {
    if (!data) return { bodyKind: 'none', body: '' }
    if (typeof data.string === 'string') return { bodyKind: 'string', body: data.string }
    if (data.base64 !== undefined) return { bodyKind: 'base64', body: atob(data.base64) }
    if (data.blob) return { bodyKind: 'blob', body: blobs.get(data.blob.blobId) ?? '' }
    if (data.formData) return { bodyKind: 'formData', body: JSON.stringify(data.formData) }
    if (data.uri) return { bodyKind: 'uri', body: data.uri }
    const other = Object.keys(data).filter((key) => key !== 'trackingName' && key !== 'devToolsRequestId')
    // Android and iOS send an empty body for what they do not know.
    return { bodyKind: other.length === 0 ? 'none' : 'not understood', body: other.join() }
  }

  function hear(id: number, { status, headers = {}, body = '', url }: NativeAnswer, to: string, kind: string) {
    on.emit('didReceiveNetworkResponse', [id, status, headers, url ?? to])
    const isBlob = kind === 'blob'
    if (isBlob) blobs.set(`answer-${id}`, body)
    const data = isBlob ? { blobId: `answer-${id}`, offset: 0, size: body.length } : body
    on.emit('didReceiveNetworkData', [id, kind === 'base64' ? btoa(body) : data])
    on.emit('didCompleteNetworkResponse', [id, null, false])
  }

  function request(id: number, { method, url, headers: given, data, responseType, withCredentials }: NativeRequest) {
    const headers = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]))
    send(on, { method, url, headers, cookies: withCredentials, ...bodyOf(data) }).then(
      (answer) => {
        if (!aborted.has(id)) hear(id, answer, url, responseType)
      },
      (error: Error) => {
        if (!aborted.has(id)) on.emit('didCompleteNetworkResponse', [id, error.message, false])
      },
    )
  }

  let lastId = 0
  const sendRequest: Readonly<Record<Phone['os'], Callback>> = {
    android(
      ...[method, url, id, headers, data, responseType, , , withCredentials]: [
        method: string,
        url: string,
        id: number,
        headers: NativeRequest['headers'],
        data: NativeBody,
        responseType: string,
        incremental: boolean,
        timeout: number,
        withCredentials: boolean,
      ]
    ) {
      request(id, { method, url, headers, data, responseType, withCredentials })
    },
    ios(given: Omit<NativeRequest, 'headers'> & { headers: Record<string, string> }, hearId: (id: number) => void) {
      lastId++
      hearId(lastId)
      request(lastId, { ...given, headers: Object.entries(given.headers) })
    },
  }

  return {
    sendRequest: sendRequest[on.os],
    abortRequest: (id: number) => aborted.add(id),
    clearCookies: nothing,
    ...listens,
  }
}

/** The native modules of the libraries that an app without Expo takes. */
function appModules(on: Phone): Record<string, Record<string, Callback>> {
  return {
    RNKeychainManager: {
      getGenericPasswordForOptions: async ({ service }: { service: string }) => {
        const password = on.keychain.get(service)
        return password === undefined ? false : { username: 'tokenward', password, service, storage: 'keychain' }
      },
      setGenericPasswordForOptions: async (options: { service: string }, _: string, password: string) => {
        on.written.push(options)
        on.keychain.set(options.service, password)
        return { service: options.service, storage: 'keychain' }
      },
      resetGenericPasswordForOptions: async ({ service }: { service: string }) => on.keychain.delete(service),
    },
    RNInAppBrowser: {
      open: ({ url, ...options }: { url: string }) => openBrowser(on, url, options),
      openAuth: (url: string, _: string, options: unknown) => openBrowser(on, url, options),
      close: nothing,
      closeAuth: nothing,
      isAvailable: async () => true,
    },
  }
}
