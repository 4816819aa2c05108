import { describe, expect, it } from 'vitest'
import type { Lifecycle, LifecycleEvent } from '../../src/ports.ts'

/** A {@link Lifecycle} and the hand that moves what it watches. */
export interface LifecycleContext {
  readonly lifecycle: Lifecycle
  setOnline(online: boolean): void
  setVisible(visible: boolean): void
  freeze(): void
  resume(): void
}

/** What every {@link Lifecycle} of a page or app does. */
export function lifecycleContract(name: string, create: () => LifecycleContext): void {
  describe(`${name} keeps the Lifecycle contract`, () => {
    it('reports what happens, and how things are', () => {
      const { lifecycle, setOnline, setVisible, freeze, resume } = create()
      const heard: LifecycleEvent[] = []
      const undo = lifecycle.subscribe((event) => heard.push(event))
      setVisible(false)
      expect(lifecycle.isVisible()).toBe(false)
      freeze()
      resume()
      setVisible(true)
      expect(lifecycle.isVisible()).toBe(true)
      setOnline(false)
      expect(lifecycle.isOnline()).toBe(false)
      setOnline(true)
      expect(lifecycle.isOnline()).toBe(true)
      undo()
      setVisible(false)
      setVisible(true)
      expect(heard).toEqual(['hidden', 'frozen', 'resumed', 'visible', 'online'])
    })

    it('ends one subscription and leaves the others, also of the same listener', () => {
      const { lifecycle, setVisible } = create()
      const heard: LifecycleEvent[] = []
      const listener = (event: LifecycleEvent) => heard.push(event)
      const first = lifecycle.subscribe(listener)
      const second = lifecycle.subscribe(listener)
      first()
      first()
      setVisible(false)
      second()
      setVisible(true)
      expect(heard).toEqual(['hidden'])
    })
  })
}
