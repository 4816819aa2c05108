import { scopesOf } from './scope.ts'

const keys = new WeakMap<object, string>()

/** The key of an access token in the record. There is one for each resource, audience and set of scopes. */
export function targetKey(target: {
  readonly resource?: string | undefined
  readonly audience?: string | undefined
  readonly scope?: string | undefined
}): string {
  let key = keys.get(target)
  if (key === undefined) {
    const { resource = '', audience = '', scope } = target
    const scopes = [...new Set(scopesOf(scope))].sort()
    key = JSON.stringify([resource, audience, ...scopes])
    // Kept, because every call needs the key, and making it took half of a call's time.
    keys.set(target, key)
  }
  return key
}
