import type { UseStore } from 'idb-keyval'
import { get, promisifyRequest } from 'idb-keyval'
import { TokenManagerError } from '../errors.ts'
import type { Store, Stored } from '../ports.ts'

const rows = 'rows'

/**
 * A store in IndexedDB, shared by every tab and worker of the origin. Opened at the first use, closed when the page is left or
 * another context wants to delete the database, and opened again (once an operation) when the connection was lost.
 * Both methods reject with `ERR_STORE_FAILED`.
 * @param options `databaseName`: default `'tokenward'`. `timeout`: longest an operation may take, opening included, in
 *   milliseconds; default 5000. An operation that is given up is rolled back where that is still possible.
 */
export function indexedDbStore(options: { databaseName?: string; timeout?: number } = {}): Store<unknown> {
  const { databaseName = 'tokenward', timeout = 5_000 } = options
  let connection: Promise<IDBDatabase> | undefined

  const drop = (stale: Promise<IDBDatabase>) => {
    if (connection === stale) connection = undefined
    stale.then((database) => database.close()).catch(() => {})
  }

  const connect = (): Promise<IDBDatabase> => {
    const opened = open(databaseName, () => drop(opened))
    connection = opened
    return opened
  }

  const attempt = async <T>(
    give: Giving,
    mode: IDBTransactionMode,
    durability: Durability,
    run: Run<T>,
  ): Promise<T> => {
    const used = connection ?? connect()
    try {
      const transaction = (await used).transaction(rows, mode, { durability })
      if (give.up) transaction.abort()
      give.transaction = transaction
      // `complete`, not the request's success, says that the write is as durable as was asked.
      const [result] = await Promise.all([run(transaction.objectStore(rows)), promisifyRequest(transaction)])
      return result
    } catch (error) {
      drop(used)
      throw error
    }
  }

  const using =
    (durability: Durability = 'strict'): UseStore =>
    async (mode, run) => {
      const give: Giving = {}
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new DOMException('', 'TimeoutError')), timeout)
      })
      const work = attempt(give, mode, durability, run).catch((error) => {
        if (give.up) throw error
        return attempt(give, mode, durability, run)
      })
      try {
        return await Promise.race([work, late])
      } catch (cause) {
        give.up = true
        abort(give.transaction)
        if (connection) drop(connection)
        const message = `IndexedDB failed (${(cause as Error | null)?.name}): storage may be full, blocked or cleared`
        throw new TokenManagerError('ERR_STORE_FAILED', 'store_failed', message, { cause })
      } finally {
        clearTimeout(timer)
      }
    }

  return {
    get: (key) => get<Stored<unknown>>(key, using()),
    swap: (key, tag, value, { durability } = {}) =>
      using(durability)('readwrite', async (store) => {
        // Only IndexedDB's own requests are awaited: at any other await the transaction would end.
        const row: Stored<unknown> | undefined = await promisifyRequest(store.get(key))
        if (row?.tag !== tag) return false
        if (value === undefined) store.delete(key)
        else store.put({ value, tag: randomTag() }, key)
        return true
      }),
  }
}

type Durability = 'strict' | 'relaxed'

type Run<T> = (store: IDBObjectStore) => T | PromiseLike<T>

/** An operation, for the time limit to give up. */
interface Giving {
  up?: boolean
  transaction?: IDBTransaction
}

async function open(databaseName: string, lost: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName)
  request.onupgradeneeded = () => request.result.createObjectStore(rows)
  const database = await promisifyRequest(request)
  // An open connection blocks others from deleting the database, and keeps a page out of the back/forward cache.
  database.onclose = database.onversionchange = lost
  globalThis.addEventListener?.('pagehide', lost, { once: true })
  return database
}

function abort(transaction: IDBTransaction | undefined): void {
  try {
    transaction?.abort()
  } catch {
    // It has ended already.
  }
}

// 128 random bits: no tag comes twice for a key, not even after it was deleted.
function randomTag(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))
}
