import type { Evidence } from './evidence.ts'
import type { Tab } from './tab.ts'

/** Law 12: whoever hears of a failure, however late, is told what it was, and not only that somebody waits. */
export interface Causes {
  /** `tab` shows `error`, or rejects a call with it. */
  told(tab: Tab, error: { readonly reason?: string; readonly status?: number | undefined } | undefined): void
}

export function causes({ broken }: Evidence): Causes {
  return {
    told(tab, error) {
      const isNameless = error?.reason === 'throttled' && error.status !== 429
      if (isNameless) broken(12, `${tab.name} says throttled, though the server has not, and nothing else`)
    },
  }
}
