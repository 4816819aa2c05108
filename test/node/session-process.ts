import {
  allowInsecureLoopback,
  createClientCredentials,
  createSessionPool,
  createTokenManager,
  fileStore,
  sessionLimits,
  settle,
  type TokenManagerError,
} from 'tokenward/node'
import type { AuthorizationServerMetadata } from '../../src/index.ts'

/** What one process is told. */
export interface SessionTask {
  readonly metadata: AuthorizationServerMetadata
  readonly api: string
  /** The folder of the store, and its key, hexadecimal. */
  readonly path: string
  readonly key: string
  /**
   * `crowd`: calls the API as often as each message says. `call`: calls it once and is done. `pool`: the same with a pool whose sessions have
   * limits. `settle`, `die`: the same as `call`; at SIGTERM the one waits for what is under way, the other for nothing. `own`: one token
   * of its own is all it wants.
   */
  readonly work: 'crowd' | 'call' | 'pool' | 'settle' | 'die' | 'own'
  /** How long an answer may take, in milliseconds. Default 60 s: on a busy machine, a slow answer must not count as a lost one. */
  readonly requestTimeout?: number | undefined
}

/** What it tells: that it has read the session; and what calls came to, by status or the code of an error. */
export type SessionMessage = { readonly status: string } | { readonly outcomes: Readonly<Record<string, number>> }

const { metadata, api, path, key, work, requestTimeout = 60_000 }: SessionTask = JSON.parse(process.argv[2] ?? '{}')
const common = {
  issuer: metadata.issuer,
  metadata,
  clientId: 'fleet',
  resources: [api],
  requestTimeout,
  store: fileStore({ path, key: Buffer.from(key, 'hex') }),
  [allowInsecureLoopback]: true as const,
}
const tell = (message: SessionMessage) => process.send?.(message)

if (work === 'settle') process.once('SIGTERM', () => void settle().then(() => process.exit()))
if (work === 'own') {
  const own = createClientCredentials(common)
  console.log((await own.getAccessToken()).type)
} else {
  const pool =
    work === 'pool' &&
    createSessionPool({ ...common, limits: sessionLimits({ idleTimeout: 3_600_000, maxAge: 7_200_000 }) })
  const tokens = pool ? pool.get('somebody') : createTokenManager(common)
  tell({ status: (await tokens.ready()).status })
  const call = () =>
    tokens.fetch(api).then(
      ({ status }) => String(status),
      ({ code, name }: TokenManagerError) => code ?? name,
    )
  if (work === 'crowd')
    process.once('message', async (times: number) => {
      const outcomes: Record<string, number> = {}
      for (const outcome of await Promise.all(Array.from({ length: times }, call)))
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      tell({ outcomes })
      process.disconnect()
    })
  else {
    process.disconnect?.()
    console.log(await call())
  }
}
if (work === 'own') process.disconnect?.()
