import { AbortController, AbortSignal } from 'abort-controller'
import { installWhatHermesHas } from '../../platforms/react-native/realm/hermes-globals.ts'
import { phone } from '../../platforms/react-native/realm/phone.ts'
import type { Realm, Shell } from '../../platforms/react-native/realm/realm.ts'
import { virtualTime } from '../../platforms/react-native/realm/virtual-time.ts'
import { xmlHttpRequest } from './xml-http-request.ts'

// A bare engine gets the globals that React Native has, and none beside them. Where React Native takes one from a package (`AbortController`,
// `fetch` and what belongs to it), it is the same package here.

interface Scope extends Record<string, unknown> {
  readonly shell: Shell
  realm: Realm
}

const scope = globalThis as unknown as Scope
const { shell } = scope
const time = virtualTime(shell)
const on = phone()

const START = 1_800_000_000_000
Date.now = () => START + time.elapsed()

const listeners: ((type: string, given: unknown) => void)[] = []
on.emit = (type, given) => {
  for (const listener of [...listeners]) listener(type, given)
}

/** Hears what the native side says. */
export function hear(listener: (type: string, given: unknown) => void): () => void {
  listeners.push(listener)
  return () => void listeners.splice(listeners.indexOf(listener), 1)
}

scope.realm = { shell, time, phone: on }
installWhatHermesHas(scope)
for (const name of ['FinalizationRegistry', 'WebAssembly']) delete scope[name]
const given = {
  // React Native's own is little more, and not the standard's.
  URL: class {
    readonly href: string
    constructor(href: string) {
      this.href = href
    }
    toString() {
      return this.href
    }
  },
  AbortController,
  AbortSignal,
  setTimeout: time.setTimeout,
  clearTimeout: time.clearTimeout,
  performance: { now: time.elapsed },
  Blob: class Blob {},
  XMLHttpRequest: xmlHttpRequest(on),
}
for (const [name, value] of Object.entries(given)) scope[name] = value
