import type { Fetch, Store } from 'tokenward/browser'

/** The places in a refresh where a page can be held, in their order. */
export type Step = 'before the claim' | 'claimed' | 'sent' | 'answered' | 'before the commit' | 'committed'

/** Ports that hold a refresh at one step. */
export interface Steps {
  /** Holds the next refresh at `step`, for good. */
  holdAt(step: Step): void
  /** Whether a refresh has come to the step. */
  readonly reached: boolean
  /** Lets go. */
  release(): void
  store(inner: Store<unknown>): Store<unknown>
  fetch(inner: Fetch): Fetch
}

interface Row {
  readonly generation?: number
  readonly lease?: object
  readonly signedOut?: object
}

/** Steps of a page that are held nowhere yet. */
export function steps(): Steps {
  let held: Step | undefined
  let reached = false
  let release = () => {}
  let released = Promise.resolve()

  const pass = (step: Step): Promise<void> => {
    if (step !== held) return Promise.resolve()
    reached = true
    return released
  }

  return {
    holdAt(step) {
      held = step
      reached = false
      released = new Promise((resolve) => {
        release = resolve
      })
    },
    get reached() {
      return reached
    },
    release: () => {
      held = undefined
      release()
    },
    store(inner) {
      const generations = new Map<string, number>()
      return {
        async get(key) {
          const row = await inner.get(key)
          generations.set(key, (row?.value as Row | undefined)?.generation ?? 0)
          return row
        },
        async swap(key, tag, value, options) {
          const { generation = 0, lease, signedOut } = (value ?? {}) as Row
          const commits = tag !== undefined && !signedOut && generation > (generations.get(key) ?? 0)
          const claims = !commits && lease !== undefined
          if (claims) await pass('before the claim')
          if (commits) await pass('before the commit')
          const swapped = await inner.swap(key, tag, value, options)
          if (claims) await pass('claimed')
          if (commits) await pass('committed')
          return swapped
        },
      }
    },
    fetch: (inner) => async (input, init) => {
      const answer = inner(input, init)
      if (!String(init?.body).includes('grant_type=refresh_token')) return answer
      answer.catch(() => {})
      await pass('sent')
      const response = await answer
      await pass('answered')
      return response
    },
  }
}
