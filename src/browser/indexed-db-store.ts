import { promisifyRequest } from 'idb-keyval'
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
export function indexedDbStore({
  databaseName = 'tokenward',
  timeout = 5_000,
}: {
  databaseName?: string
  timeout?: number
} = {}): Store<unknown> {
  let connection: Promise<IDBDatabase> | undefined

  const connect = async (...version: readonly number[]): Promise<IDBDatabase> => {
    const request = indexedDB.open(databaseName, ...version)
    request.onupgradeneeded = () => request.result.createObjectStore(rows)
    const database = await promisifyRequest(request)
    const close = () => database.close()
    // A browser that was stopped too early leaves the database without it, for good.
    if (!database.objectStoreNames.contains(rows)) {
      close()
      return connect(database.version + 1)
    }
    // An open connection blocks others from deleting the database, and keeps a page out of the back/forward cache.
    database.onclose = database.onversionchange = close
    globalThis.addEventListener?.('pagehide', close, { once: true })
    return database
  }

  const operate = async <T>(
    mode: IDBTransactionMode,
    durability: 'strict' | 'relaxed',
    run: (store: IDBObjectStore) => Promise<T>,
  ): Promise<T> => {
    let transaction: IDBTransaction | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let late = false
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new DOMException('', 'TimeoutError')), timeout)
    })
    const attempt = async () => {
      connection ??= connect()
      const database = await connection
      if (late) return limit
      transaction = database.transaction(rows, mode, { durability })
      // `complete`, not the request's success, says that the write is as durable as was asked.
      const [result] = await Promise.all([run(transaction.objectStore(rows)), promisifyRequest(transaction)])
      return result
    }
    const again = () => {
      connection = undefined
      return attempt()
    }
    try {
      return await Promise.race([attempt().catch(again), limit])
    } catch (cause) {
      connection = undefined
      late = true
      try {
        transaction?.abort()
      } catch {
        // It has ended already.
      }
      throw new TokenManagerError('ERR_STORE_FAILED', 'store_failed', 'IndexedDB failed', { cause })
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    get: (key) =>
      operate('readonly', 'strict', (store) => promisifyRequest<Stored<unknown> | undefined>(store.get(key))),
    swap: (key, tag, value, { durability = 'strict' } = {}) =>
      operate('readwrite', durability, async (store) => {
        // Only IndexedDB's own requests are awaited: at any other await the transaction would end.
        const row: Stored<unknown> | undefined = await promisifyRequest(store.get(key))
        if (row?.tag !== tag) return false
        if (value === undefined) store.delete(key)
        else store.put({ value, tag: randomTag() }, key)
        return true
      }),
  }
}

/** 128 random bits: no tag comes twice for a key, not even after it was deleted. */
function randomTag(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
