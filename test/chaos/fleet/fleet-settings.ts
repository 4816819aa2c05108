import type { AuthorizationServerMetadata } from '../../../src/index.ts'
import type { RedisAddress } from '../../support/redis-connection.ts'
import type { Command, Report } from '../page/report.ts'

/** What one process is made with. */
export interface ProcessSettings {
  readonly name: string
  /** Where Redis is. */
  readonly redis: Omit<RedisAddress, 'library'>
  /** With what to reach it. */
  readonly library: RedisAddress['library']
  readonly metadata: AuthorizationServerMetadata
  readonly api: string
  readonly requestTimeout: number
  /** How many replicas a write needs. */
  readonly replicas: number
  /** The sealing key, hexadecimal. */
  readonly key: string
  /** By how much its clock is wrong, ms. */
  readonly skew: number
  /** Milliseconds between calls. */
  readonly pace: readonly [low: number, high: number]
  /** Nobody sees a lease. */
  readonly leaseless: boolean
}

/** What a process is told to do. */
export type FleetCommand = Extract<Command, { readonly do: 'adopt' | 'rest' }>

/** What a process tells: of itself, and of whose session the store turned out to hold. */
export type FleetMessage = Report | { readonly stored: string }
