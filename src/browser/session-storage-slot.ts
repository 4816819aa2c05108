import { systemClock } from '../in-process/system-clock.ts'
import type { EpochMs, Store } from '../ports.ts'

const item = 'tokenward-slot'
/** The row that says when each of the others was used. */
const register = 'tab-rows'
const DAY = 86_400_000
const KEPT = 7 * DAY

/** When each row was used: at least one day after it was noted before. */
type Uses = Readonly<Record<string, EpochMs>>

/**
 * A part of `store` for this tab only. Each key begins with a random text that is kept in `sessionStorage`. So the values survive a reload, and
 * no tab reads them any more after this one was closed, unless the browser restores it. A duplicated tab has the same text, which is safe, because
 * all writes are compare-and-set. If `sessionStorage` is denied, both methods reject with the browser's `SecurityError`.
 *
 * The values of closed tabs stay in `store` until a tab uses it seven days later or more, and deletes them. A tab that is open all this time
 * and uses nothing loses its values too; then its page, if it still runs, writes its session anew.
 * @param now the time, in epoch milliseconds
 */
export function sessionStorageSlot(store: Store<unknown>, now: () => EpochMs = systemClock.now): Store<unknown> {
  const noted = new Map<string, EpochMs>()

  return {
    get: (key) => using(key, (own) => store.get(own)),
    swap: (key, ...change) => using(key, (own) => store.swap(own, ...change)),
  }

  async function using<T>(key: string, operate: (own: string) => Promise<T>): Promise<T> {
    const own = keyOf(key)
    const wasNoted = now() - (noted.get(own) ?? 0) < DAY
    const noting = wasNoted ? undefined : note(own).catch(() => {})

    const result = await operate(own)
    await noting
    return result
  }

  /** Notes that this tab uses a row, and deletes the rows that were not used for a long time. */
  async function note(own: string): Promise<void> {
    const time = now()
    const row = await store.get(register)
    const kept: Record<string, EpochMs> = { [own]: time }
    const { [own]: _, ...others } = (row?.value ?? {}) as Uses
    for (const [name, at] of Object.entries(others)) {
      if (time - at < KEPT) kept[name] = at
      else await remove(name)
    }

    // Another tab may have noted something meanwhile.
    if (!(await store.swap(register, row?.tag, kept, { durability: 'relaxed' }))) return note(own)
    noted.set(own, time)
  }

  async function remove(name: string): Promise<void> {
    const row = await store.get(name)
    if (row) await store.swap(name, row.tag, undefined)
  }
}

function keyOf(key: string): string {
  const slot = sessionStorage.getItem(item) ?? crypto.getRandomValues(new Uint32Array(4)).join('-')
  sessionStorage.setItem(item, slot)
  return `${slot}/${key}`
}
