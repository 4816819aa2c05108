import { scopesOf } from './scope.ts'

const keys = new WeakMap<object, string>()

/** Where an access token lies in the record: one per resource, audience and scope set, whatever characters they hold. */
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
    // Every call asks, most of them for the same few targets, and making the key took half of a call.
    keys.set(target, key)
  }
  return key
}
