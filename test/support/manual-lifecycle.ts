import type { Lifecycle, LifecycleEvent } from '../../src/ports.ts'

/** A {@link Lifecycle} moved by hand. */
export interface ManualLifecycle extends Lifecycle {
  setOnline(online: boolean): void
  setVisible(visible: boolean): void
  freeze(): void
  resume(): void
}

/** A page that is online and visible until told otherwise. */
export function manualLifecycle(): ManualLifecycle {
  const listeners = new Set<(event: LifecycleEvent) => void>()
  let online = true
  let visible = true
  const emit = (event: LifecycleEvent) => {
    for (const listener of [...listeners]) listener(event)
  }
  return {
    isOnline: () => online,
    isVisible: () => visible,
    subscribe(listener) {
      const own = (event: LifecycleEvent) => listener(event)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    setOnline(value) {
      online = value
      if (online) emit('online')
    },
    setVisible(value) {
      visible = value
      emit(visible ? 'visible' : 'hidden')
    },
    freeze: () => emit('frozen'),
    resume: () => emit('resumed'),
  }
}
