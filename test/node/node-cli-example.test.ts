import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectWithin } from '../support/measured.ts'
import { builtProgram, type Child, childProgram, type Program } from '../support/processes/child-program.ts'
import { type ProgramServer, startProgramServer } from '../support/program-server.ts'

let server: ProgramServer
let base: string
let program: Program
let folders = 0
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'tokenward-'))
  // What opens a browser on this machine; the person at it reads where to go in the file `visited`.
  await mkdir(join(base, 'bin'))
  for (const name of ['xdg-open', 'open']) {
    await writeFile(join(base, 'bin', name), `#!/bin/sh\nprintf %s "$1" > "$STATE_FOLDER.visited"\n`)
    await chmod(join(base, 'bin', name), 0o755)
  }
  ;[server, program] = await Promise.all([startProgramServer(), childProgram('examples/node-cli.ts')])
})
afterAll(async () => {
  await server?.stop()
  await rm(base, { recursive: true, force: true })
})

/** A person's account on this machine. */
function machine() {
  const env = {
    ISSUER: server.issuer,
    API: server.api,
    STATE_FOLDER: join(base, `state-${folders++}`),
    HOME: base,
    PATH: [join(base, 'bin'), process.env.PATH].join(delimiter),
    SEALING_KEY: randomBytes(32).toString('base64'),
  }
  return { env, run: (...args: string[]) => program({ args, env }) }
}

/** What `pattern` finds in what the child has written, once it is there. */
async function said({ process: { stdout }, ended }: Child, pattern: RegExp): Promise<string> {
  let output = ''
  let isOver = false
  stdout?.on('data', (chunk) => (output += chunk))
  void ended.then(() => (isOver = true))
  for (;;) {
    const found = pattern.exec(output)?.[0]
    if (found || isOver) return found ?? expect.unreachable(output)
    await sleep(20)
  }
}

/** Where a page leads that takes a browser on. */
const addressIn = (page: string) =>
  (/href="([^"]*)"/.exec(page)?.[1] ?? '').replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))

const visited = async (folder: string) => {
  for (;;) {
    const path = await readFile(`${folder}.visited`, 'utf8').catch(() => '')
    if (path) return addressIn(await readFile(path, 'utf8'))
    await sleep(20)
  }
}

describe('the example of a program for the terminal', () => {
  it('signs in through the browser; the next call finds the session, sealed; signing out ends it at the server', async () => {
    const { env, run } = machine()
    const signingIn = run('sign-in')
    const page = await server.agree(await visited(env.STATE_FOLDER))
    expect(await page.text()).toContain('You can close this window')
    expect(await signingIn.ended).toMatchObject({ code: 0, output: 'Signed in as alice\n', errors: '' })

    const { code, output } = await run('notes').ended
    expect([code, JSON.parse(output)]).toEqual([0, { sub: 'alice', scope: 'notes', client: 'cli' }])

    const [name = ''] = await readdir(env.STATE_FOLDER)
    expect((await stat(join(env.STATE_FOLDER, name))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(env.STATE_FOLDER, name), 'latin1')).not.toMatch(/alice|eyJ[\w-]{10}/)

    expect(await run('sign-out').ended).toMatchObject({ output: 'Signed out here; at the server: revoked\n' })
    expect(await run('notes').ended).toMatchObject({ code: 1, errors: 'Nobody is signed in: run `sign-in`\n' })
  })

  it('ACQ-28: signs in on another device', async () => {
    const signingIn = machine().run('sign-in', '--device')
    await server.agree((await said(signingIn, /(?<=or go to )\S+/)) ?? '', 'bob')
    const { code, output, errors } = await signingIn.ended
    expect({ code, errors, last: output.trim().split('\n').at(-1) }).toEqual({
      code: 0,
      errors: '',
      last: 'Signed in as bob',
    })
    expect(output).toMatch(/^Go to \S+\/device and enter [A-Z]{4}-[A-Z]{4}\n/)
  })

  it('ends at Ctrl-C, also while it waits for the person', async () => {
    for (const args of [['sign-in'], ['sign-in', '--device']]) {
      const { env, run } = machine()
      const signingIn = run(...args)
      await (args[1] ? said(signingIn, /enter/) : visited(env.STATE_FOLDER))
      const began = performance.now()
      signingIn.process.kill('SIGINT')
      expect(await signingIn.ended).toMatchObject({ code: 1, errors: 'Stopped\n' })
      expectWithin(performance.now() - began, 2_000)
    }
  })

  const hasKeychain = ['dbus-run-session', 'gnome-keyring-daemon'].every(
    (command) => spawnSync(command, ['--version']).error === undefined,
  )
  if (hasKeychain)
    it('STO-13: keeps the key in the keychain (Linux: needs the packages dbus and gnome-keyring)', async () => {
      const { env } = machine()
      const node = `"${process.execPath}" "${await builtProgram('examples/node-cli.ts')}"`
      const script = `
        export HOME="$STATE_FOLDER.home" XDG_RUNTIME_DIR="$STATE_FOLDER.home"
        mkdir -p -m 700 "$HOME"
        printf secret | gnome-keyring-daemon --unlock --components=secrets >&2
        ${node} sign-in && ${node} notes`
      const { SEALING_KEY: _, ...rest } = env
      const child = spawn('dbus-run-session', ['--', 'sh', '-c', script], { env: { ...process.env, ...rest } })
      const output = text(child.stdout)
      const errors = text(child.stderr)
      const page = visited(env.STATE_FOLDER).then((url) => server.agree(url))
      expect(await output, await errors).toMatch(/^Signed in as alice\n\{"sub":"alice"/)
      await page
      expect((await readdir(env.STATE_FOLDER)).toSorted()).toEqual([expect.stringMatching(/^[\da-f]{32}$/), 'key.id'])
    })
})
