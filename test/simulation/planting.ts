import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Fault, faults } from './faults.ts'
import { simulate } from './pool.ts'
import { searchWithout } from './protocol-search.ts'
import type { Clause } from './protocol-state.ts'

/** How long to look for each fault. */
export interface Search {
  readonly histories: number
  readonly seed: number
  readonly workers: number
  /** Only this one. */
  readonly only?: string | undefined
}

/** Plants one fault after the other, and says how each was found; returns the names of those that were not. */
export async function plantAll({ only, ...search }: Search, say: (line: string) => void): Promise<string[]> {
  const escaped: string[] = []
  say('| fault | found by | histories | length of the story |\n| --- | --- | ---: | ---: |')
  for (const fault of faults.filter(({ name }) => only === undefined || name === only)) {
    const { name, test, clause } = fault
    const row =
      test === undefined
        ? ((await bySimulation(fault, search)) ?? (clause && byModel(clause)))
        : (await byTest(fault, test)) && `${test} | – | –`
    if (!row) escaped.push(name)
    say(`| ${name} | ${row || 'nothing'} |`)
  }
  return escaped
}

async function bySimulation({ name }: Fault, search: Search): Promise<string | undefined> {
  const [failure] = (await simulate({ ...search, fault: name, batch: 25 })).failures
  return failure && `law ${failure.law}: ${failure.what} | ${failure.seed - search.seed + 1} | ${failure.length}`
}

/** What the model breaks without `clause`, and in how many steps. */
function byModel(clause: Clause): string | undefined {
  const { broken } = searchWithout(clause)
  return broken && `the model, without “${clause}”: ${broken.law} | – | ${broken.trace.length}`
}

/** Whether `test`, which passes, fails with the fault. */
async function byTest({ name }: Fault, test: string): Promise<boolean> {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const command = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/simulation/planted.config.mjs', test]
  const child = spawn(process.execPath, command, { cwd: root, env: { ...process.env, PLANTED: name }, stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  return code === 1
}
