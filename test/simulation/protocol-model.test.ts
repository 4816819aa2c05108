import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { type Scope, search, searchWithout } from './protocol-search.ts'
import { type Clause, clauses } from './protocol-state.ts'

/** `MODEL_FAULTS=2 npx vitest run test/simulation/protocol-model.test.ts` searches deeper, for minutes and gigabytes. */
const faults = Number(process.env.MODEL_FAULTS ?? 1)

const whole: readonly Scope[] = [
  { contexts: 3, faults, strict: true },
  { contexts: 2, faults: faults + 1, strict: true },
  { contexts: 2, faults, strict: false },
]

const laws: Record<Clause, string> = {
  'a claim needs the generation the refresh began from': 'what has been refreshed is not refreshed again',
  'a claim waits while a lease lives': 'one refresh at a time',
  'a lease dies by time': 'nobody waits for ever',
  'a lock proves only that a lease taken under it is dead': 'one refresh at a time',
  'only a process that is over leaves a dead lease': 'one refresh at a time',
  'who lost the lock takes the lease back': 'one refresh at a time',
  'who slept takes no lease back': 'one refresh at a time',
  'a lease is taken back whatever the generation': 'one refresh at a time',
  'not had in time, a lock is done without': 'nobody waits for ever',
  'a claim has an identity of its own': 'one refresh at a time',
  'taking over leaves doubt': 'nobody is signed out by our own mistake',
  'taking over waits and reads again': 'one refresh at a time',
  'an old claim sends nothing': 'one refresh at a time',
  'the age counts from before the swap': 'one refresh at a time',
  'a request ends before its lease': 'one refresh at a time',
  'a retry needs the lease still to be ours': 'one refresh at a time',
  'a retry raises the beat': 'one refresh at a time',
  'a retry leaves doubt': 'nobody is signed out by our own mistake',
  'giving up leaves doubt': 'nobody is signed out by our own mistake',
  'a commit needs the grant': 'a session is never given the tokens of another',
  'a commit needs the generation': 'generations only grow',
  'a commit does not need the lease': 'the newest token is stored or held',
  'a commit sees a sign-out': 'what was signed out stays signed out',
  'a commit after a sign-out fills the outbox': 'the newest token is stored or held',
  'a commit leaves the lease of another': 'one refresh at a time',
  'only a refresh begun after the last lost request clears the doubt': 'nobody is signed out by our own mistake',
  'a refusal counts for its own generation only': 'the newest token is stored or held',
  'a refusal in doubt does not sign out': 'nobody is signed out by our own mistake',
  'a refusal in doubt keeps the generation': 'the newest token is stored or held',
  'a refusal leaves the lease of another': 'one refresh at a time',
  'leaving releases the lease': 'a lease has an owner',
}

const textOf = (path: string) => readFile(new URL(path, import.meta.url), 'utf8')

describe('the model of a refresh', () => {
  it('describes functions that are there', async () => {
    const [header = ''] = /\/\*\*.*?\*\//s.exec(await textOf('protocol-model.ts')) ?? []
    const described = [...header.matchAll(/`([\w-]+\.ts)`[\s*]*\(([^)]+)\)/g)]
    for (const [, file, list = ''] of described) {
      const source = await textOf(`../../src/session/${file}`)
      for (const [, name] of list.matchAll(/`(\w+)`/g)) expect(source, file).toMatch(new RegExp(`\\b${name}\\(`))
    }
    expect(described).toHaveLength(6)
  })

  it.each(whole)(
    'RT-03, COO-06: keeps every law with $contexts contexts, $faults fault(s), strict server: $strict',
    { timeout: 600_000 },
    (scope) => {
      const { states, steps, ms, broken } = search(scope)
      console.log(
        `${scope.contexts} contexts, ${scope.faults} faults: ${states} states, ${steps} steps, ${(ms / 1000).toFixed(1)} s`,
      )
      expect(broken).toBeUndefined()
      expect(states).toBeGreaterThan(50_000)
    },
  )

  it('breaks a law without any one of its clauses', { timeout: 60_000 }, () => {
    const rows = clauses.map((left) => {
      const { broken } = searchWithout(left)
      console.log(
        `\nwithout: ${left}\n  broken: ${broken?.law}\n${broken?.trace.map((step) => `    ${step}\n`).join('')}`,
      )
      return [left, broken?.law]
    })
    expect(Object.fromEntries(rows)).toEqual(laws)
  })
})
