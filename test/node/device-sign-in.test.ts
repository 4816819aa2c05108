import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/in-process/system-clock.ts'
import { dpop } from '../../src/manager/dpop.ts'
import { allowInsecureLoopback } from '../../src/manager/options.ts'
import { clientSecretBasic } from '../../src/node/client-authentication.ts'
import { createTokenManager, type NodeTokenManagerOptions } from '../../src/node/create-token-manager.ts'
import type { DevicePrompt } from '../../src/node/device-sign-in.ts'
import { fileStore } from '../../src/node/file-store.ts'
import { clientSecret, type ProgramServer, startProgramServer } from '../support/program-server.ts'
import { verifyProof } from '../support/proof.ts'

/** How often the clock of the programs ticks while ours ticks once: nobody waits five seconds for each poll. */
const SPEED = 25
let server: ProgramServer
beforeAll(async () => {
  server = await startProgramServer()
})
afterAll(() => server.stop())

function program(options: Partial<NodeTokenManagerOptions> = {}) {
  return createTokenManager({
    issuer: server.issuer,
    clientId: 'cli',
    scope: 'openid offline_access notes',
    resources: [server.api],
    requestTimeout: 60_000,
    clock: {
      now: systemClock.now,
      elapsed: () => systemClock.elapsed() * SPEED,
      at: (time, run) => systemClock.at(time / SPEED, run),
    },
    [allowInsecureLoopback]: true,
    ...options,
  })
}

/** The person picks up the telephone a while after they were told to. */
function later(act: (url: string) => Promise<unknown>) {
  return ({ verificationUriComplete = '' }: DevicePrompt) => {
    setTimeout(() => void act(verificationUriComplete), 7_000 / SPEED)
  }
}

/** `fetch`, with something else for the poll called `n`, counted from 1. */
function spoilt(n: number, how: (real: () => Promise<Response>) => Promise<Response>): typeof fetch {
  let polls = 0
  return async (input, init) => {
    const real = () => fetch(input, init)
    return String(input).endsWith('/token') && ++polls === n ? how(real) : real()
  }
}

/** What was asked at the token endpoint since the last time. */
function begun(): string[] {
  return server.grants.splice(0).map((line) => line.replace(/^.*:/, ''))
}

describe('signInWithDevice at oidc-provider', () => {
  it('ACQ-28: signs in once the person has agreed, with an ID token, and the session refreshes', async () => {
    begun()
    const tokens = program()
    const shown: DevicePrompt[] = []
    const state = await tokens.signInWithDevice({
      prompt: (prompt) => {
        shown.push(prompt)
        later(server.agree)(prompt)
      },
    })
    expect(state).toMatchObject({ status: 'signedIn', session: { subject: 'alice' } })
    expect(shown).toMatchObject([{ userCode: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/) }])
    const polls = begun()
    expect(polls.length).toBeGreaterThanOrEqual(2)
    expect(polls.pop()).toBe('device_code granted')
    expect(new Set(polls)).toEqual(new Set(['device_code authorization_pending']))
    expect(await (await tokens.fetch(server.api)).json()).toMatchObject({ sub: 'alice', client: 'cli' })
    await tokens.refresh()
    expect(begun()).toEqual(['refresh_token granted'])
    expect((await tokens.signOut()).local).toBe('removed')
  })

  it('ACQ-28: says that the person refused', async () => {
    const tokens = program()
    await expect(tokens.signInWithDevice({ prompt: later(server.refuse) })).rejects.toMatchObject({
      code: 'ERR_AUTHORIZATION_CANCELLED',
      error: 'access_denied',
    })
    expect(tokens.state.status).toBe('signedOut')
  })

  it('ACQ-17 ACQ-28: with a client that authenticates, and tokens bound to a key, kept in a file', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'tokenward-')), 'store')
    onTestFinished(() => rm(path, { recursive: true }))
    const options = () => ({
      clientId: 'kiosk',
      clientAuthentication: clientSecretBasic(clientSecret),
      dpop: dpop({ required: true }),
      store: fileStore({ path, key: new Uint8Array(32).fill(7) }),
    })
    const tokens = program(options())
    await tokens.signInWithDevice({ prompt: later(server.agree) })
    expect(await tokens.getAccessToken()).toMatchObject({ type: 'DPoP' })
    expect(await tokens.refresh()).toMatchObject({ type: 'DPoP' })
    const proof = await tokens.headersFor(server.api)
    tokens.dispose()
    // The next process.
    const next = program(options())
    expect(await next.refresh()).toMatchObject({ type: 'DPoP' })
    const both = await Promise.all(
      [proof, await next.headersFor(server.api)].map((one) => verifyProof(one.get('dpop'))),
    )
    expect(both[0]?.jkt).toBe(both[1]?.jkt)
  })

  it('ACQ-28: a poll that never arrives is made again; an answer that is lost with the tokens is not got again', async () => {
    const unsent = spoilt(1, () => Promise.reject(new TypeError('fetch failed')))
    expect(
      await program({ fetch: unsent }).signInWithDevice({
        prompt: ({ verificationUriComplete = '' }) => void server.agree(verificationUriComplete),
      }),
    ).toMatchObject({ status: 'signedIn' })
    const lost = spoilt(1, async (real) => {
      await real()
      throw new TypeError('fetch failed')
    })
    await expect(
      program({ fetch: lost }).signInWithDevice({
        prompt: async ({ verificationUriComplete = '' }) => {
          await server.agree(verificationUriComplete)
        },
      }),
    ).rejects.toMatchObject({ reason: 'code_exchange_indeterminate' })
  })
})
