import { promisifyRequest } from 'idb-keyval'
import { TokenManagerError } from '../errors.ts'
import type { Store, Stored } from '../ports.ts'
import { onPage } from './page-events.ts'

const rows = 'rows'

/**
 * Makes a store in IndexedDB. All tabs and workers of the origin share it. The database is opened at the first use. It is closed when the page is
 * left, or when another context wants to delete it. If the connection was lost, each operation tries once to open it again. Both methods reject
 * with `ERR_STORE_FAILED`.
 * @param options `databaseName`: the name of the database, default `'tokenward'`. `timeout`: how long an operation may take, including opening, in
 *   milliseconds; default 5 000. An operation that takes longer is rolled back if that is still possible.
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

    // A browser that was stopped in the middle of creating the database may leave it without its object store. A new version creates it.
    if (!database.objectStoreNames.contains(rows)) {
      close()
      return connect(database.version + 1)
    }

    // An open connection would keep other contexts from deleting the database, and this page from going to the back/forward cache.
    database.onclose = database.onversionchange = close
    const forget = onPage(['pagehide'], () => {
      forget()
      close()
    })
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
      // The whole transaction is awaited, because only its event `complete` means that the write is as durable as requested.
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
        // The transaction has ended already.
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
        // Only requests of IndexedDB may be awaited here. While anything else is awaited, the transaction ends.
        const row: Stored<unknown> | undefined = await promisifyRequest(store.get(key))
        if (row?.tag !== tag) return false
        if (value === undefined) store.delete(key)
        else store.put({ value, tag: randomTag() }, key)
        return true
      }),
  }
}

/** 128 random bits, so that no tag occurs twice for a key, also after it was deleted. */
function randomTag(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
