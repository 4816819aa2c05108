import { installExpo } from './expo-host.ts'
import { installWhatHermesHas } from './hermes-globals.ts'
import { phone } from './phone.ts'
import { installReactNative } from './react-native-host.ts'
import type { Realm, Shell } from './realm.ts'
import { virtualTime } from './virtual-time.ts'

// Runs before everything else in a bare engine: it stands for the native side of the phone.

interface Scope extends Record<string, unknown> {
  readonly shell: Shell
  readonly os?: 'ios'
  realm: Realm
}

const scope = globalThis as unknown as Scope
const { shell, os } = scope
const time = virtualTime(shell)
const on = phone(os)

const START = 1_800_000_000_000
Date.now = () => START + time.elapsed()

scope.realm = { shell, time, phone: on }
installWhatHermesHas(scope)
installReactNative(scope, on, time, (line) => shell.print(`LOG ${line}`))
// Good enough for a test, and never twice the same.
installExpo(scope, on, (length) => Uint8Array.from({ length }, () => Math.floor(Math.random() * 256)))
