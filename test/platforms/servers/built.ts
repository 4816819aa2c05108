import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { appFolder } from '../../../scripts/platform-packages.mjs'
import type { NodeTokenManager, NodeTokenManagerOptions } from '../../../src/node/index.ts'

const dist = join(appFolder('servers'), 'node_modules/tokenward/dist')

/** An entry of the built package. */
export const built = <Module>(name: string): Promise<Module> => import(pathToFileURL(join(dist, `${name}.js`)).href)

const { allowInsecureLoopback, createTokenManager } = await built<typeof import('../../../src/node/index.ts')>('node')

/** A client, and what it sent. */
export interface Client {
  readonly manager: NodeTokenManager
  /** What each request was about, and the status of its answer. */
  readonly sent: readonly string[]
  /** The token answers. */
  readonly answers: readonly Readonly<Record<string, string>>[]
}

/** A client of a server on this machine, with `options`. */
export function clientOf(options: NodeTokenManagerOptions): Client {
  const sent: string[] = []
  const answers: Record<string, string>[] = []
  const manager = createTokenManager({
    [allowInsecureLoopback]: true,
    async fetch(input, init = {}) {
      const answer = await fetch(input, init)
      const form = new URLSearchParams(`${init.body ?? ''}`)
      sent.push(`${form.get('grant_type') ?? form.get('token_type_hint') ?? 'metadata'} ${answer.status}`)
      if (form.has('grant_type')) answers.push(await answer.clone().json())
      return answer
    },
    ...options,
  })
  onTestFinished(() => manager.dispose())
  return { manager, sent, answers }
}

/** Posts a form to the token endpoint at `url`, as whoever has a refresh token could. */
export async function shown(url: string, form: Readonly<Record<string, string>>) {
  const body = new URLSearchParams({ grant_type: 'refresh_token', ...form })
  const answer = await fetch(url, { method: 'POST', body })
  return { status: answer.status, body: await answer.json() }
}
