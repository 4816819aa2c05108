import type { AuthorizationServer as AuthorizationServerMetadata } from 'oauth4webapi'
import type { Clock, Crypto, Platform } from '../ports.ts'

export type { AuthorizationServerMetadata }

/** Which authorization server, and who asks. */
export interface AuthorizationServerOptions {
  /** The issuer identifier, exactly as the server's metadata spells it. https, without query or fragment. */
  issuer: string
  /** Given: it is used as it is and nothing is discovered (RFC 8414 §2). */
  metadata?: AuthorizationServerMetadata
  /** The client identifier. */
  clientId: string
  /** Milliseconds from sending a request to the last byte of its answer. */
  requestTimeout: number
  /** Allows http on a loopback host, for development. Default false. */
  insecureLoopback?: boolean
}

/** An authorization server and the way to it. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly clientId: string
  readonly clock: Clock
  readonly crypto: Crypto
  /** Its metadata: given, or discovered once. Rejects with a `TokenManagerError`; a failure is not remembered. */
  metadata(): Promise<AuthorizationServerMetadata>
}

export declare function authorizationServer(
  options: AuthorizationServerOptions,
  ports: Pick<Platform, 'fetch' | 'clock' | 'crypto'>,
): AuthorizationServer
