import { DestroyRef, inject, type Signal, signal } from '@angular/core'

/**
 * A signal of what `follow` tells, from `first` on, until the component or service that asked for it is destroyed.
 * @param follow returns its own undo
 */
export function followed<Value>(first: Value, follow: (tell: (value: Value) => void) => () => void): Signal<Value> {
  const shown = signal(first)
  inject(DestroyRef).onDestroy(follow((value) => shown.set(value)))
  return shown.asReadonly()
}
