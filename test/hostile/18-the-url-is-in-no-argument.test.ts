import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTokenManager } from '../../src/node/create-token-manager.ts'
import { loopback } from '../../src/node/loopback.ts'
import { redirectFile } from '../../src/node/redirect-file.ts'
import { scriptedAuthorizationServer } from '../../src/testing/scripted-authorization-server.ts'

const { env } = process
const before = { PATH: env.PATH, HOME: env.HOME, TMPDIR: env.TMPDIR }
let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tokenward-'))
  Object.assign(env, { HOME: home, TMPDIR: home, PATH: [join(home, 'bin'), before.PATH].join(delimiter) })
})
afterEach(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete env[name]
    else env[name] = value
  }
  await rm(home, { recursive: true, force: true })
})

/** What opens a browser on this machine: writes its arguments down, and ends with `code`. */
async function browser(code: number) {
  await mkdir(join(home, 'bin'))
  for (const name of ['xdg-open', 'open']) {
    const path = join(home, 'bin', name)
    await writeFile(
      path,
      `#!/bin/sh\nprintf '%s\\n' "$0" "$@" > "$HOME/arguments.new"\nmv "$HOME/arguments.new" "$HOME/arguments"\nexit ${code}\n`,
    )
    await chmod(path, 0o755)
  }
}

async function argumentsGiven(): Promise<string> {
  for (;;) {
    const text = await readFile(join(home, 'arguments'), 'utf8').catch(() => '')
    if (text) return text
    await sleep(5)
  }
}

function program() {
  const server = scriptedAuthorizationServer(Date.now)
  const manager = createTokenManager({
    issuer: server.issuer,
    clientId: 'cli',
    scope: 'notes',
    redirectUri: 'http://127.0.0.1/callback',
    fetch: server.fetch,
    userAgent: loopback(),
  })
  return { server, manager }
}

const addressIn = (page: string) =>
  (/http-equiv="refresh" content="0;url=([^"]*)"/.exec(page)?.[1] ?? '').replace(/&#(\d+);/g, (_, code) =>
    String.fromCharCode(Number(code)),
  )
const leftOver = async () => (await readdir(home)).filter((name) => name.startsWith('sign-in-'))

describe.skipIf(process.platform === 'win32')("starting the person's browser", () => {
  it("SECURITY.md: The URL it opens is in no program's arguments", async () => {
    await browser(0)
    const { server, manager } = program()
    const signingIn = manager.signIn()
    const text = await argumentsGiven()
    const path = text.trim().split('\n').at(-1) as string
    const page = await readFile(path, 'utf8')
    const url = addressIn(page)
    const { searchParams } = new URL(url)
    expect(searchParams.get('state')).toMatch(/.{43}/)
    expect(text).not.toContain('http')
    for (const value of searchParams.values()) if (value.length > 8) expect(text).not.toContain(value)
    expect([(await stat(path)).mode & 0o777, (await stat(dirname(path))).mode & 0o777]).toEqual([0o600, 0o700])
    expect(page).not.toMatch(/<script|onload/i)

    await fetch(server.authorize(url))
    expect(await signingIn).toMatchObject({ status: 'signedIn' })
    expect(await leftOver()).toEqual([])
    manager.dispose()
  })

  it.skipIf(process.platform !== 'linux')(
    'writes it where every browser can read it, the home before the rest',
    async () => {
      await mkdir(join(home, 'tmp'))
      Object.assign(env, { TMPDIR: join(home, 'tmp') })
      const file = await redirectFile('https://as.example.com/authorize')
      expect(dirname(dirname(file.path))).toBe(home)
      file.remove()
    },
  )

  it('writes no page that a URL could add anything to', async () => {
    const url = `https://as.example.com/authorize?a="><script>alert('1')</script>&b='&#34;`
    const file = await redirectFile(url)
    const page = await readFile(file.path, 'utf8')
    expect(addressIn(page)).toBe(url)
    expect(page).not.toContain('<script')
    file.remove()
  })

  it('takes the file away at the end of the process, and is asked for nothing once it is gone', async () => {
    const before = process.listeners('exit')
    const file = await redirectFile('https://as.example.com/authorize')
    const [atExit] = process.listeners('exit').filter((one) => !before.includes(one))
    expect(await leftOver()).toHaveLength(1)
    atExit?.(0)
    expect(await leftOver()).toEqual([])
    file.remove()
    expect(process.listeners('exit')).toEqual(before)
  })

  it('leaves no file behind when no browser can be opened', async () => {
    await browser(3)
    const { manager } = program()
    await expect(manager.signIn()).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED', reason: 'browser_unavailable' })
    expect(await leftOver()).toEqual([])
    manager.dispose()
  })

  it('says what to do where no file can be written', async () => {
    Object.assign(env, { HOME: join(home, 'none'), TMPDIR: join(home, 'none') })
    const { manager } = program()
    await expect(manager.signIn()).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED',
      reason: 'browser_unavailable',
      message: expect.stringContaining('open function that shows the URL'),
    })
    manager.dispose()
  })
})
