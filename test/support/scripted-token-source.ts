import { type AccessToken, accessToken, type Target, type TokenSource } from '../../src/protocol/access-token.ts'

/** A token made of a name. */
export function tokenNamed(value: string, type: AccessToken['type'] = 'Bearer'): AccessToken {
  return accessToken({ value, type, obtainedAt: 0, scope: 'notes' })
}

/** A source that hands out `T1`, then `T2` for a refused `T1`, and so on, and counts what it was asked. */
export function scriptedTokenSource(options: { type?: AccessToken['type']; inMemory?: boolean } = {}) {
  let serial = 1
  const token = () => tokenNamed(`T${serial}`, options.type)
  const source = {
    refreshes: 0,
    gets: [] as Target[],
    refused: [] as string[],
    /** What `replace` does in place of one more token. */
    onReplace: undefined as ((signal?: AbortSignal) => Promise<AccessToken | undefined>) | undefined,
    /** What `get` does in place of handing out the present token. */
    onGet: undefined as ((signal?: AbortSignal) => Promise<AccessToken>) | undefined,
    current: () => (options.inMemory === false ? undefined : token()),
    async get(target: Target, signal?: AbortSignal) {
      source.gets.push(target)
      return source.onGet ? source.onGet(signal) : token()
    },
    async replace(_target: Target, rejected: AccessToken, signal?: AbortSignal) {
      source.refused.push(rejected.value)
      if (source.onReplace) return source.onReplace(signal)
      if (rejected.value === `T${serial}`) {
        serial++
        source.refreshes++
      }
      return token()
    },
  }
  return source satisfies TokenSource
}
