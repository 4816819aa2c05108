const names = async () => (await indexedDB.databases()).map(({ name }) => name as string)

const done = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

/** Everything that lies in this origin's storages, as text: bytes once as numbers and once as characters. */
export async function deepText(): Promise<string> {
  const parts: string[] = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie]
  for (const name of await names())
    await eachRow(name, async (key, value) => void parts.push(`${key}: ${await walk(value)}`))
  for (const name of await caches.keys()) {
    const cache = await caches.open(name)
    for (const request of await cache.keys())
      parts.push(request.url, (await (await cache.match(request))?.text()) ?? '')
  }
  return parts.join('\n')
}

/** The keys of all rows in IndexedDB. */
deepText.keys = async (): Promise<string[]> => {
  const found: string[] = []
  for (const name of await names()) await eachRow(name, (key) => void found.push(String(key)))
  return found
}

/** The values of all rows in IndexedDB, as they lie there. */
deepText.values = async (): Promise<Map<string, unknown>> => {
  const found = new Map<string, unknown>()
  for (const name of await names()) await eachRow(name, (key, value) => void found.set(String(key), value))
  return found
}

async function eachRow(name: string, see: (key: IDBValidKey, value: unknown) => void | Promise<void>) {
  const database = await done(indexedDB.open(name))
  for (const table of database.objectStoreNames) {
    const rows = database.transaction(table).objectStore(table)
    const [keys, values] = await Promise.all([done(rows.getAllKeys()), done(rows.getAll())])
    for (const [index, key] of keys.entries()) await see(key, values[index])
  }
  database.close()
}

async function walk(value: unknown): Promise<string> {
  if (value instanceof CryptoKey) {
    const formats = value.type === 'private' ? (['jwk', 'pkcs8'] as const) : (['raw', 'jwk'] as const)
    const exported = formats.map((format) =>
      crypto.subtle.exportKey(format as 'raw', value).catch((e: Error) => e.name),
    )
    return `CryptoKey ${value.algorithm.name} ${await Promise.all((await Promise.all(exported)).map(walk))}`
  }
  if (value instanceof Blob) return value.text()
  if (value instanceof ArrayBuffer) return walk(new Uint8Array(value))
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    return `${bytes} ${String.fromCharCode(...bytes)} ${new TextDecoder('utf-16').decode(bytes)}`
  }
  if (value instanceof Map || value instanceof Set) return walk([...value])
  if (typeof value !== 'object' || value === null) return String(value)
  const parts = await Promise.all(Object.entries(value).map(async ([name, inner]) => `${name}: ${await walk(inner)}`))
  return `{${parts.join(', ')}}`
}
