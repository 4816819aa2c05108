import { invalidOption } from '../errors.ts'
import { webText } from '../in-process/web-text.ts'
import { checkOptions } from '../manager/check-options.ts'
import type { ManagerPlatform } from '../manager/create-token-manager.ts'
import {
  allowInsecureLoopback,
  checkTarget,
  type RefreshOptions,
  type TokenManagerOptions,
} from '../manager/options.ts'
import type { ClientAuthentication, Platform } from '../ports.ts'
import type { Target } from '../protocol/access-token.ts'
import { type AuthorizationServer, authorizationServer } from '../protocol/authorization-server.ts'
import type { DpopKey } from '../protocol/dpop.ts'
import type { AuthorizedFetchOptions } from '../requests/authorized-fetch.ts'
import { type Match, resourceMatcher } from '../requests/resource-matcher.ts'
import { listenerSet } from '../session/listener-set.ts'
import { type ClientKey, clientKey } from './client-key.ts'
import type { ClientTokenEvent, ClientTokenEvents, ClientTokenEventType } from './events.ts'
import { storedName } from './stored-name.ts'

/** Options that all clients have which keep no session. Everything is checked at construction. */
export interface ClientTokenOptions
  extends Pick<TokenManagerOptions, 'issuer' | 'metadata'>,
    Pick<TokenManagerOptions, 'resources' | 'resourceParameters' | 'unlisted' | 'requestTimeout'>,
    Pick<TokenManagerOptions, 'expiresInZero' | 'dpop' | 'fetch' | 'clock' | 'crypto' | typeof allowInsecureLoopback> {
  /** The client identifier. */
  readonly clientId: string
  /** How the client shows who it is: `clientSecretBasic()`, `privateKeyJwt()` … Default: a public client. */
  readonly clientAuthentication?: ClientAuthentication
  /** Scope to ask for, space-separated, where neither the call nor the entry in `resources` names one. Default: the server decides. */
  readonly scope?: string
  /** When the next token is asked for ahead of the expiry of the one in use. */
  readonly refresh?: Pick<RefreshOptions, 'leeway' | 'jitter'>
  /** The most tokens kept in memory; those not used for the longest time go first. Default 1 000, 1 to 1 000 000. */
  readonly maxTokens?: number
  /**
   * The key that tokens are bound to, with option `dpop`: its private key a `CryptoKey` for `sign`, or a private JWK. Default: one is made at the
   * first use, for this process, or in `store` for all that share it.
   */
  readonly dpopKey?: DpopKey
  /** Further parameters of every token request, as the server's documentation asks for. Those this library sets are refused. */
  readonly parameters?: Readonly<Record<string, string>>
}

/** What all these clients are built from. */
export interface ClientTokenContext {
  readonly platform: ManagerPlatform
  readonly server: AuthorizationServer
  readonly key: ClientKey
  readonly proofs: AuthorizedFetchOptions['proofs']
  readonly match: (url: string) => Match
  /** @throws TokenManagerError `ERR_INVALID_OPTION` for a parameter that the server does not take */
  checkTarget(target: Target): void
  readonly unlisted: 'throw' | 'bare'
  readonly scope: string | undefined
  readonly follow: AuthorizedFetchOptions['follow']
  readonly limit: number
  readonly leeway: number
  readonly jitter: number
  readonly requestTimeout: number
  emit<T extends ClientTokenEventType>(type: T, target: Target, details: ClientTokenEvents[T]): void
  on<T extends ClientTokenEventType>(type: T, listener: (event: ClientTokenEvent<T>) => void): () => void
}

/** The options, and the store that only some clients have. */
type GivenOptions = ClientTokenOptions & { readonly store?: Platform['store'] }

/** Options that managers have too. They are checked as those of a manager. */
const OF_MANAGERS = [
  'issuer',
  'metadata',
  'clientId',
  'scope',
  'refresh',
  'requestTimeout',
  'resources',
  'resourceParameters',
  'unlisted',
  'expiresInZero',
  'dpop',
  'fetch',
  'clock',
  'crypto',
] as const satisfies readonly (keyof GivenOptions)[]

const OWN = ['clientAuthentication', 'maxTokens', 'parameters', 'dpopKey']

/** Parameters of a token request that this library sets. */
const RESERVED =
  /^(grant_type|client_(id|secret|assertion.*)|scope|resource|assertion|(subject|actor|requested)_token.*)$/

/** The bounds of option `maxTokens`. */
const MOST_TOKENS = 1_000_000

/**
 * Reads the options.
 * @param extra options of this kind of client alone, which it checks itself
 * @throws TokenManagerError `ERR_INVALID_OPTION`, naming the option and what is allowed
 */
export function clientTokenContext(
  options: GivenOptions,
  base: ManagerPlatform,
  extra: readonly string[] = [],
): ClientTokenContext {
  // A program in JavaScript may give none. The checks then say what is missing.
  const given = options ?? ({} as GivenOptions)
  checkNames(given, [...OF_MANAGERS, ...OWN, ...extra])
  checkOptions(optionsOfManagers(given))
  checkOwnOptions(given)

  const { store = base.store, fetch = base.fetch, clock = base.clock, crypto = base.crypto } = given
  const { clientAuthentication, requestTimeout = 10_000, maxTokens = 1_000, dpopKey, refresh } = given
  const insecureLoopback = given[allowInsecureLoopback] === true
  const platform = { text: webText, ...base, store, fetch, clock, crypto, clientAuthentication }

  const events = listenerSet<ClientTokenEvent>()
  const emit: ClientTokenContext['emit'] = (type, { resource, audience, scope }, details) =>
    events.tell({ type, at: clock.now(), resource, audience, scope, ...details } as ClientTokenEvent)

  const server = authorizationServer(
    {
      ...given,
      requestTimeout,
      insecureLoopback,
      onDegraded: (step) => emit('degraded', {}, { step }),
      onClockOff: (details) => emit('clock_off', {}, details),
    },
    platform,
  )
  if (dpopKey !== undefined && !server.dpop?.canUse(dpopKey, ['DPoP']))
    throw invalidOption('dpopKey', 'a key pair, beside option dpop')

  const key = clientKey(server, {
    given: dpopKey,
    shared: given.store && {
      store: given.store,
      name: () => storedName(['key', given.issuer, given.clientId], crypto),
      failed: () => emit('store_failed', {}, { during: 'key' }),
    },
    notBound: (reason) => emit('dpop_not_bound', {}, { reason }),
  })

  return {
    platform,
    server,
    key,
    proofs: () => key.proofs,
    match: resourceMatcher(given.resources ?? [], { origin: undefined, insecureLoopback }),
    checkTarget: (target) => checkTarget(given, target),
    unlisted: given.unlisted ?? 'throw',
    scope: given.scope,
    follow: base.followRedirect,
    limit: maxTokens,
    leeway: 60_000,
    jitter: 0.5,
    ...refresh,
    requestTimeout,
    emit,
    on: (type, listener) => events.add((event) => event.type === type && listener(event as never)),
  }
}

function checkNames(given: GivenOptions, names: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw invalidOption(unknown, `left out: there is no such option (there are ${names.join(', ')})`)
}

function optionsOfManagers(given: GivenOptions): TokenManagerOptions {
  const names = [...OF_MANAGERS, 'store'] as const
  const entries = names.map((name) => [name, given[name]])
  return Object.fromEntries(entries)
}

function checkOwnOptions({ clientAuthentication, maxTokens = 1, parameters }: GivenOptions): void {
  if (clientAuthentication !== undefined && typeof clientAuthentication?.authenticate !== 'function')
    throw invalidOption(
      'clientAuthentication',
      'clientSecretBasic(), clientSecretPost(), privateKeyJwt() or mutualTls()',
    )

  const isInBounds = Number.isInteger(maxTokens) && maxTokens >= 1 && maxTokens <= MOST_TOKENS
  if (!isInBounds) throw invalidOption('maxTokens', `1 to ${MOST_TOKENS}`)

  for (const [name, value] of Object.entries(parameters ?? {})) {
    if (RESERVED.test(name)) throw invalidOption(`parameters.${name}`, 'left out: it is set here')
    if (typeof value !== 'string') throw invalidOption(`parameters.${name}`, 'a string')
  }
}
