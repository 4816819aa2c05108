import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { type Child, type ChildOptions, childProgram } from '../support/processes/child-program.ts'
import { clientSecret, type ProgramServer, startProgramServer } from '../support/program-server.ts'

let folder: string
let server: ProgramServer
let api: Child

beforeAll(async () => {
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(join(cache, 'readme-programs-'))
  server = await startProgramServer()
  api = await start('api-basic', { 'https://api.example.com/': 'urn:example:notes' }, { PORT: '0' })
})
afterAll(async () => {
  api?.process.kill('SIGKILL')
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Runs `examples/<name>.ts` as it stands in the README, but for the addresses. */
async function start(name: string, addresses: Record<string, string>, env: ChildOptions['env'] = {}): Promise<Child> {
  let source = await readFile(join(root, 'examples', `${name}.ts`), 'utf8')
  for (const [from, to] of Object.entries({ ...addresses, 'https://as.example.com': server.issuer }))
    source = source.replaceAll(from, to)
  const [, entry] = /from '(tokenward\/[\w-]+)'/.exec(source) ?? []
  const onThisMachine = source
    .replace(/(?=\n {2}issuer:)/, '\n  [allowInsecureLoopback]: true,')
    .replace('\n\n', `\nimport { allowInsecureLoopback } from '${entry}'\n\n`)
  const file = join(folder, `${name}.ts`)
  await writeFile(file, onThisMachine)
  const program = await childProgram(file.slice(root.length))
  return program({ env })
}

it('the service of the README is let in by the API of the README', async () => {
  const origin = await api.origin()
  const service = await start('service-basic', { 'https://api.example.com': origin }, { CLIENT_SECRET: clientSecret })
  const { code, output, errors } = await service.ended
  expect({ code, output, errors }).toEqual({ code: 0, output: '200 Notes of service\n', errors: '' })
  expect(server.grants).toEqual(['client_credentials granted'])
})

it('the API of the README refuses who has no token, and who has another one', async () => {
  const origin = await api.origin()
  const forged = { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' }
  const answers = await Promise.all([fetch(origin), fetch(origin, { headers: forged })])
  expect(answers.map(({ status }) => status)).toEqual([401, 401])
})
