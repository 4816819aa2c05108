import { open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { allowInsecureLoopback, createTokenManager, fileStore } from '../../src/node/index.ts'

/** Where the processes meet: the server, the folder, and the key that seals what lies in it. */
export interface Place {
  readonly issuer: string
  readonly path: string
  /** Hexadecimal. */
  readonly key: string
}

/** A session as one process of several has it. */
export interface SharedSession {
  /** Puts a session in its place, whose access token expires then. */
  begin(expiresAt: number): Promise<unknown>
  /** Resolves once this process has read it. */
  ready(): Promise<unknown>
  token(): Promise<string>
}

/** The ways to share a session that are compared. */
export const ways: Readonly<Record<string, (place: Place) => SharedSession>> = {
  tokenward,
  'tokenward without watch': (place) => tokenward(place, false),
  'by hand': byHand,
}

function tokenward({ issuer, path, key }: Place, isWatched = true): SharedSession {
  const store = fileStore({ path, key: Buffer.from(key, 'hex') })
  const tokens = createTokenManager({
    issuer,
    metadata: { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` },
    clientId: 'bench',
    resources: [`${issuer}/api`],
    store: isWatched ? store : { ...store, watch: undefined },
    [allowInsecureLoopback]: true,
  })

  return {
    begin: (expiresAt) => tokens.adopt({ accessToken: 'first', refreshToken: 'first', expiresAt }),
    ready: () => tokens.ready(),
    token: async () => (await tokens.getAccessToken()).value,
  }
}

/** What a careful program might write itself: a file, a lock file that is looked at every 5 ms, and nothing for a process that dies. */
function byHand({ issuer, path }: Place): SharedSession {
  const file = `${path}/session.json`
  const lock = `${path}/session.lock`
  let known: { readonly token: string; readonly refreshToken: string; readonly expiresAt: number } | undefined
  let running: Promise<void> | undefined
  const read = async () => {
    known = JSON.parse(await readFile(file, 'utf8'))
  }
  const isFresh = () => known !== undefined && known.expiresAt > Date.now()

  return { begin, ready: read, token }

  async function begin(expiresAt: number) {
    await writeFile(file, JSON.stringify({ token: 'first', refreshToken: 'first', expiresAt }))
  }

  async function token() {
    if (!isFresh()) {
      running ??= refreshed().finally(() => (running = undefined))
      await running
    }
    return known?.token ?? ''
  }

  async function refreshed() {
    for (;;) {
      const handle = await open(lock, 'wx').catch(() => undefined)
      if (!handle) {
        await sleep(5)
        continue
      }
      try {
        await read()
        if (!isFresh()) await refresh()
        return
      } finally {
        await handle.close()
        await rm(lock)
      }
    }
  }

  async function refresh() {
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: known?.refreshToken ?? '' })
    const response = await fetch(`${issuer}/token`, { method: 'POST', body })
    const answer = await response.json()
    known = {
      token: answer.access_token,
      refreshToken: answer.refresh_token,
      expiresAt: Date.now() + answer.expires_in * 1000,
    }
    await durably(JSON.stringify(known))
  }

  async function durably(text: string) {
    const handle = await open(`${file}.new`, 'w')
    await handle.writeFile(text)
    await handle.sync()
    await handle.close()
    await rename(`${file}.new`, file)
  }
}
