import { describe, expect, it } from 'vitest'
import type { LifecycleEvent } from '../../src/ports.ts'
import { appLifecycle, type NetworkStateLike } from '../../src/react-native/index.ts'

function appState(currentState: string | null = 'active') {
  const listeners = new Set<(state: string) => void>()
  const state = {
    currentState,
    addEventListener(_: 'change', listener: (state: string) => void) {
      listeners.add(listener)
      return { remove: () => void listeners.delete(listener) }
    },
  }
  const move = (next: string) => {
    state.currentState = next
    for (const listener of listeners) listener(next)
  }
  return { state, move, listeners }
}

function heardOf(lifecycle: ReturnType<typeof appLifecycle>) {
  const heard: LifecycleEvent[] = []
  const stop = lifecycle.subscribe((event) => heard.push(event))
  return { heard, stop }
}

describe('appLifecycle', () => {
  it('an app that goes and comes back was asleep', () => {
    const { state, move } = appState()
    const lifecycle = appLifecycle(state)
    const { heard } = heardOf(lifecycle)
    move('inactive')
    move('background')
    expect(lifecycle.isVisible()).toBe(false)
    move('inactive')
    move('active')
    expect(lifecycle.isVisible()).toBe(true)
    expect(heard).toEqual(['hidden', 'resumed', 'visible'])
  })

  it('inactive is nothing: a call that comes in, the app switcher', () => {
    const { state, move } = appState()
    const lifecycle = appLifecycle(state)
    const { heard } = heardOf(lifecycle)
    move('inactive')
    expect(lifecycle.isVisible()).toBe(true)
    move('active')
    expect(heard).toEqual([])
  })

  it('an app that starts is looked at, also where its state is not known yet', () => {
    for (const first of [null, 'unknown', 'active', 'inactive'])
      expect(appLifecycle(appState(first).state).isVisible()).toBe(true)
    expect(appLifecycle(appState('background').state).isVisible()).toBe(false)
  })

  it('a change that was missed while JavaScript was suspended is seen when it is asked for', () => {
    const { state } = appState()
    const lifecycle = appLifecycle(state)
    state.currentState = 'background'
    expect(lifecycle.isVisible()).toBe(false)
  })

  it('ends with the last subscription, and begins again', () => {
    const { state, move, listeners } = appState()
    const lifecycle = appLifecycle(state)
    const first = heardOf(lifecycle)
    const second = heardOf(lifecycle)
    first.stop()
    move('background')
    expect([first.heard, second.heard]).toEqual([[], ['hidden']])
    second.stop()
    expect(listeners.size).toBe(0)
    const third = heardOf(lifecycle)
    move('active')
    expect(third.heard).toEqual(['resumed', 'visible'])
  })
})

describe('appLifecycle with a network', () => {
  const shapes = {
    NetInfo(listener: (hear: (state: NetworkStateLike) => void) => () => void) {
      return { addEventListener: listener }
    },
    'expo-network'(listener: (hear: (state: NetworkStateLike) => void) => () => void) {
      return { addNetworkStateListener: (hear: (state: NetworkStateLike) => void) => ({ remove: listener(hear) }) }
    },
  }

  for (const [name, shape] of Object.entries(shapes)) {
    it(`${name}: is offline only where that is sure, and says when it is back`, () => {
      let say = (_: NetworkStateLike) => {}
      let stopped = false
      const network = shape((hear) => {
        say = hear
        return () => {
          stopped = true
        }
      })
      const lifecycle = appLifecycle(appState().state, network)
      const { heard, stop } = heardOf(lifecycle)
      expect(lifecycle.isOnline()).toBe(true)
      say({ isConnected: null })
      expect(lifecycle.isOnline()).toBe(true)
      say({ isConnected: false })
      expect(lifecycle.isOnline()).toBe(false)
      say({ isConnected: true })
      say({ isConnected: true })
      expect(heard).toEqual(['online'])
      stop()
      expect(stopped).toBe(true)
    })

    it(`${name}: does not take itself for offline for ever, if the network came back while nobody listened`, () => {
      let say = (_: NetworkStateLike) => {}
      const network = shape((hear) => {
        say = hear
        return () => {
          say = () => {}
        }
      })
      const lifecycle = appLifecycle(appState().state, network)
      const first = heardOf(lifecycle)
      say({ isConnected: false })
      expect(lifecycle.isOnline()).toBe(false)
      first.stop()
      say({ isConnected: true })
      heardOf(lifecycle)
      expect(lifecycle.isOnline()).toBe(true)
    })
  }
})
