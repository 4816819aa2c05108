import { fork } from 'node:child_process'
import { once } from 'node:events'
import { startFrontServer } from '../../../examples/website/front.ts'
import { root } from '../../../scripts/entries.mjs'
import { clientSecret, startProgramServer } from '../../support/program-server.ts'

/** A backend of another make, with somebody signed in. */
export interface Peer {
  readonly origin: string
  readonly cookie: string
  stop(): Promise<void>
}

/** Starts bench/peers/website.mjs before the API, with an authorization server of its own, whose tokens live as long as is measured, and signs in there. */
export async function startPeer(api: string): Promise<Peer> {
  const front = await startFrontServer()
  const server = await startProgramServer({ accessTokenTtl: 3_600, redirectUris: [`${front.origin}/callback`] })
  const env = { ISSUER: server.issuer, SITE: front.origin, API: api, CLIENT_SECRET: clientSecret }
  const child = fork(`${root}bench/peers/website.mjs`, { env: { ...process.env, ...env } })
  const [{ port }] = await once(child, 'message')
  const origin = `http://127.0.0.1:${port}`
  front.sendTo(origin)

  const cookies = new Map<string, string>()
  await server.agree(`${front.origin}/login`, 'alice', cookies)
  return {
    origin,
    cookie: [...cookies].map((pair) => pair.join('=')).join('; '),
    async stop() {
      child.kill('SIGKILL')
      await Promise.all([front.close(), server.stop()])
    },
  }
}
