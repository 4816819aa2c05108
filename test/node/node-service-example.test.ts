import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { childProgram } from '../support/processes/child-program.ts'
import { clientSecret, startProgramServer } from '../support/program-server.ts'

it('the example of a service: one token for itself, and a session for each user', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-'))
  const [server, program] = await Promise.all([startProgramServer(), childProgram('examples/node-service.ts')])
  const child = program({
    env: {
      ISSUER: server.issuer,
      API: server.api,
      CLIENT_SECRET: clientSecret,
      PORT: '0',
      SEALING_KEY: randomBytes(32).toString('base64'),
      STATE_FOLDER: join(folder, 'sessions'),
    },
  })
  try {
    const service = await child.origin()
    for (const user of ['alice', 'bob']) {
      const body = JSON.stringify({ ...(await server.issue(user)), expiresAt: Date.now() })
      expect((await fetch(`${service}/sessions/${user}`, { method: 'PUT', body })).status).toBe(204)
    }
    server.grants.splice(0)
    const paths = Array.from({ length: 60 }, (_, n) => ['/', '/digest/alice', '/digest/bob'][n % 3] ?? '')
    const subjects = await Promise.all(paths.map(async (path) => [path, await (await fetch(service + path)).text()]))
    const wanted = [
      ['/', { sub: 'service', scope: 'notes', client: 'service' }],
      ['/digest/alice', { sub: 'alice', scope: 'notes', client: 'web' }],
      ['/digest/bob', { sub: 'bob', scope: 'notes', client: 'web' }],
    ] as const
    expect(new Set(subjects.map(String))).toEqual(
      new Set(wanted.map(([path, body]) => `${path},${JSON.stringify(body)}`)),
    )
    expect(server.grants.toSorted()).toEqual([
      'client_credentials granted',
      'refresh_token granted',
      'refresh_token granted',
    ])
    expect((await fetch(`${service}/sessions/alice`, { method: 'DELETE' })).status).toBe(204)
    const [alice, bob] = await Promise.all(['alice', 'bob'].map((user) => fetch(`${service}/digest/${user}`)))
    expect([alice?.status, bob?.status]).toEqual([404, 200])
    child.process.kill('SIGTERM')
    const { code, output, errors } = await child.ended
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(output).toContain('alice has to sign in again: signed_out')
  } finally {
    child.process.kill('SIGKILL')
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
