import { setTimeout as sleep } from 'node:timers/promises'
import { findFaketime } from '../../../scripts/programs.mjs'
import { childProgram } from '../../support/processes/child-program.ts'
import type { Report } from '../page/report.ts'
import type { Chance } from '../random.ts'
import type { Member } from './fleet-faults.ts'
import type { FleetCommand, FleetMessage, ProcessSettings } from './fleet-settings.ts'

/** The processes of a fleet. */
export interface Crew {
  /** Those that live, by name. */
  readonly members: Map<string, CrewMember>
  /** What each told last. */
  readonly latest: ReadonlyMap<string, Report>
  /** How many there have been. */
  readonly started: number
  /** One more. */
  start(): Promise<void>
}

/** One of them. */
export interface CrewMember extends Member {
  tell(command: FleetCommand): void
}

/** What a crew is made with. */
export interface CrewOptions {
  readonly chance: Chance
  /** Ends every process, ms. */
  readonly limit: number
  /** What each is made with, but for its clock and its library. */
  settings(name: string): Omit<ProcessSettings, 'name' | 'skew' | 'library'>
  hear(name: string, message: FleetMessage): void
  log(line: string): void
}

const HOUR = 3_600_000

/** Nobody yet. */
export async function createCrew({ chance, limit, settings, hear, log }: CrewOptions): Promise<Crew> {
  const program = await childProgram('test/chaos/fleet/fleet-process.ts')
  const faketime = findFaketime()
  const members = new Map<string, CrewMember>()
  const latest = new Map<string, Report>()
  let started = 0

  return {
    members,
    latest,
    get started() {
      return started
    },
    async start() {
      const name = `p${++started}`
      // The clock of every third is right.
      const skew = ([0, 2 * HOUR, -2 * HOUR] as const)[started % 3] ?? 0
      const library = chance.of(['ioredis', 'node-redis'] as const) ?? 'ioredis'
      const argument: ProcessSettings = { ...settings(name), name, skew, library }
      const child = program({ argument, limit, env: skew ? faketime(skew) : {} })
      members.set(name, {
        pid: child.pid,
        end: () => void child.process.kill('SIGTERM'),
        tell: (command) => void (child.process.connected && child.process.send(command)),
      })
      child.process.on('message', (message: FleetMessage) => {
        if (!('stored' in message)) latest.set(name, message)
        hear(name, message)
      })
      const { code, errors } = await Promise.race([child.ended, sleep(1_000, { code: 0, errors: '' })])
      if (code) throw new Error(`A process of the fleet did not start: ${errors}`)
      void child.ended.then(({ code, errors }) => {
        if (code) log(`${name} ended with ${code}: ${errors}`)
        members.delete(name)
      })
    },
  }
}
