import type { Lifecycle, LifecycleEvent } from '../ports.ts'

/** What a listener of React Native is taken back with. */
export interface Subscription {
  /** Stops it. */
  remove(): void
}

/** React Native's `AppState`, as far as it is used. */
export interface AppStateLike {
  /** `active`, `inactive`, `background`; `null` or `unknown` while the app starts. */
  readonly currentState: string | null
  /** Hears changes. */
  addEventListener(type: 'change', listener: (state: string) => void): Subscription
}

/** What NetInfo (`@react-native-community/netinfo`) and `expo-network` say of the network. */
export interface NetworkStateLike {
  /** False where there is none; `null` or absent where that is not known. */
  readonly isConnected?: boolean | null
}

/** `NetInfo`, or the module `expo-network`. */
export type NetworkLike =
  | {
      /** Of NetInfo; calls at once. */
      addEventListener(listener: (state: NetworkStateLike) => void): () => void
    }
  | {
      /** Of expo-network. */
      addNetworkStateListener(listener: (state: NetworkStateLike) => void): Subscription
    }

/**
 * The life of the app, read from `AppState`. In the background there are no timers; a call there works all the same (push messages, headless
 * tasks). `inactive` (a call comes in, the app switcher) is nothing. An app that comes back was asleep: it reads the session again first.
 * @param network tells when there is no network, so that nothing is tried in vain. Default: there always is one
 */
export function appLifecycle(appState: AppStateLike, network?: NetworkLike): Lifecycle {
  const listeners = new Set<(event: LifecycleEvent) => void>()
  let isOnline = true
  let isVisible = appState.currentState !== 'background'
  let stop: (() => void) | undefined

  return {
    isOnline: () => isOnline,
    // The state itself, for an event may have been missed while JavaScript was suspended.
    isVisible: () => appState.currentState !== 'background',
    subscribe(listener) {
      listeners.add(listener)
      stop ??= listen()
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        stop?.()
        stop = undefined
      }
    },
  }

  function tell(event: LifecycleEvent): void {
    for (const listener of [...listeners]) listener(event)
  }

  function listen(): () => void {
    const states = appState.addEventListener('change', heardState)
    const stopNetwork = network && listenToNetwork(network, heardNetwork)
    return () => {
      states.remove()
      stopNetwork?.()
    }
  }

  function heardState(state: string): void {
    if (state === 'inactive') return
    const wasVisible = isVisible
    isVisible = state !== 'background'
    if (isVisible === wasVisible) return
    const events: LifecycleEvent[] = isVisible ? ['resumed', 'visible'] : ['hidden']
    for (const event of events) tell(event)
  }

  function heardNetwork({ isConnected }: NetworkStateLike): void {
    const wasOnline = isOnline
    isOnline = isConnected !== false
    if (isOnline && !wasOnline) tell('online')
  }
}

function listenToNetwork(network: NetworkLike, listener: (state: NetworkStateLike) => void): () => void {
  if ('addNetworkStateListener' in network) {
    const subscription = network.addNetworkStateListener(listener)
    return () => subscription.remove()
  }
  return network.addEventListener(listener)
}
