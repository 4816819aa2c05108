import { DestroyRef, inject, type Signal, signal } from '@angular/core'

/**
 * Makes a signal whose value `follow` sets, until the component or service that called this is destroyed.
 * @param first the first value
 * @param follow gets a function that sets the value. Returns a function that ends this
 */
export function followed<Value>(first: Value, follow: (tell: (value: Value) => void) => () => void): Signal<Value> {
  const shown = signal(first)
  inject(DestroyRef).onDestroy(follow((value) => shown.set(value)))
  return shown.asReadonly()
}
