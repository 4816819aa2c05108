import type { Lifecycle, LifecycleEvent } from '../ports.ts'

/** What React Native returns for a listener. */
export interface Subscription {
  /** Removes the listener. */
  remove(): void
}

/** The part of React Native's `AppState` that is used. */
export interface AppStateLike {
  /** `active`, `inactive` or `background`. While the app starts, it may be `null` or `unknown`. */
  readonly currentState: string | null
  /** Calls `listener` when the state changes. */
  addEventListener(type: 'change', listener: (state: string) => void): Subscription
}

/** The part of the network's state that is used, as NetInfo (`@react-native-community/netinfo`) and `expo-network` give it. */
export interface NetworkStateLike {
  /** Whether there is a network. `null` or absent if that is not known; it then counts as true. */
  readonly isConnected?: boolean | null
}

/** The module `NetInfo` (`@react-native-community/netinfo`), or the module `expo-network`. */
export type NetworkLike =
  | {
      /** NetInfo's method. It calls `listener` at once, and at each change. Returns a function that removes the listener. */
      addEventListener(listener: (state: NetworkStateLike) => void): () => void
    }
  | {
      /** The method of expo-network. It calls `listener` at each change. */
      addNetworkStateListener(listener: (state: NetworkStateLike) => void): Subscription
    }

/**
 * Makes the lifecycle of the app from `AppState`. While the app is in the background, no timer refreshes tokens; a call still works there, such as
 * one of a push message or of a headless task. When the app comes back, the session is read again first. The state `inactive` (an incoming
 * call, the app switcher) changes nothing.
 * @param appState `AppState` of `react-native`
 * @param network `NetInfo` or the module `expo-network`. With it nothing is tried while there is no network. Default: the network counts as
 *   always there
 */
export function appLifecycle(appState: AppStateLike, network?: NetworkLike): Lifecycle {
  const listeners = new Set<(event: LifecycleEvent) => void>()
  let isOnline = true
  let isVisible = appState.currentState !== 'background'
  let stop: (() => void) | undefined

  return {
    isOnline: () => isOnline,
    // Reads the state itself. An event may have been lost while JavaScript was suspended.
    isVisible: () => appState.currentState !== 'background',
    subscribe(listener) {
      listeners.add(listener)
      stop ??= listen()

      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return

        stop?.()
        stop = undefined
        // Nobody hears any more when the network is back. expo-network does not tell it when somebody listens again.
        isOnline = true
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
