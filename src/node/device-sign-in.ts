import { invalidOption, TokenManagerError } from '../errors.ts'
import type { TokenSet } from '../manager/token-manager.ts'
import type { Clock, EpochMs } from '../ports.ts'
import type { AuthorizationServer } from '../protocol/authorization-server.ts'
import {
  type DeviceAuthorizationOptions,
  deviceAuthorization,
  deviceCodeGrant,
  type PendingDevice,
} from '../protocol/device.ts'
import type { TokenAnswer, TokenResponse } from '../protocol/token-set.ts'
import { settling } from './settle.ts'
import { stayAlive } from './stay-alive.ts'

/** What the person has to know. All texts are printable ASCII. */
export interface DevicePrompt {
  /** The code. The person types it in at `verificationUri`, or compares it with what `verificationUriComplete` shows. Always show it. */
  readonly userCode: string
  /** The URL where the person goes, in any browser on any device. */
  readonly verificationUri: string
  /** The same URL with the code in it, for a QR code or a link. Absent if the server gives none. */
  readonly verificationUriComplete?: string
  /** How long the code is valid, in epoch milliseconds. */
  readonly expiresAt: EpochMs
}

/** Options of `signInWithDevice()`. */
export interface DeviceSignInOptions {
  /** Tells the person what to do. It is called once. If it returns a promise, polling begins when that resolves. */
  readonly prompt: (prompt: DevicePrompt) => unknown
  /** Scope to ask for this time. Default: the option `scope`. */
  readonly scope?: string
  /**
   * Ends the sign-in, which then rejects with the signal's reason. If a request is running, its answer is awaited first. A refresh token in that answer
   * is revoked; while somebody is signed in, only with `revokeReplaced`. Default: the sign-in ends when the code expires.
   */
  readonly signal?: AbortSignal
}

/** What a device sign-in needs. */
export interface DeviceSignIn extends Omit<DeviceSignInOptions, 'scope'>, DeviceAuthorizationOptions {
  /** Called with a refresh token that nobody will use. */
  readonly discard: (refreshToken: string) => Promise<void>
}

/** @throws TokenManagerError `ERR_INVALID_OPTION` */
export function checkDeviceSignIn(options: DeviceSignInOptions): void {
  if (typeof options?.prompt !== 'function') throw invalidOption('prompt', 'a function that shows the person the code')
}

/** By how much the interval grows after `slow_down`, in milliseconds (RFC 8628 §3.5). */
const SLOW_DOWN = 5_000
const LONGEST_WAIT = 60_000

/**
 * The device authorization grant (RFC 8628): requests the codes, shows them to the person, and polls until the person has agreed.
 * @returns the tokens
 * @throws TokenManagerError `ERR_AUTHORIZATION_CANCELLED` (they refused), `ERR_AUTHORIZATION_REJECTED` (`transaction_expired`: they took too
 *   long), what the server refused; or the signal's reason
 */
export async function deviceSignIn(
  server: AuthorizationServer,
  { prompt, signal, discard, ...asked }: DeviceSignIn,
): Promise<TokenSet> {
  signal?.throwIfAborted()
  const { clock } = server
  const began = clock.elapsed()
  const device = await deviceAuthorization(server, asked)
  signal?.throwIfAborted()

  const { userCode, verificationUri, verificationUriComplete, lifetime } = device
  await prompt({
    userCode,
    verificationUri,
    ...(verificationUriComplete && { verificationUriComplete }),
    expiresAt: Math.floor(clock.now() - clock.elapsed() + began + lifetime),
  })
  signal?.throwIfAborted()

  const response = await poll(server, device, began + lifetime, { signal, discard })
  return tokenSet(response, device)
}

async function poll(
  server: AuthorizationServer,
  device: PendingDevice,
  until: number,
  { signal, discard }: { readonly signal: AbortSignal | undefined } & Pick<DeviceSignIn, 'discard'>,
): Promise<TokenResponse> {
  const { clock } = server
  let { interval } = device
  let wait = interval
  let isLost = false

  for (;;) {
    if (clock.elapsed() + wait >= until) throw expired()
    await pause(clock, wait, signal)

    const answer = await settling(deviceCodeGrant(server, device))
    if (answer.kind === 'tokens' && !signal?.aborted) return answer.response

    const refreshToken = refreshTokenOf(answer)
    if (refreshToken) void stayAlive(settling(discard(refreshToken)))
    signal?.throwIfAborted()

    const failure = answer.kind === 'transient' ? answer : undefined
    isLost ||= failure?.lost === true

    const error = 'error' in answer ? answer.error : expired()
    if (error.code === 'ERR_TEMPORARILY_UNAVAILABLE') {
      wait = Math.max(Math.min(wait * 2, LONGEST_WAIT), failure?.retryAfter ?? 0, interval)
      continue
    }

    if (error.error === 'slow_down') interval += SLOW_DOWN
    else if (error.error !== 'authorization_pending') throw isLost ? lost(error) : final(error)
    wait = interval
  }
}

/** The refresh token in an answer that is not used. */
function refreshTokenOf(answer: TokenAnswer): string | undefined {
  if (answer.kind === 'tokens') return answer.response.refreshToken
  return answer.kind === 'invalid' ? answer.refreshToken : undefined
}

function tokenSet(response: TokenResponse, { scope, resource, dpopKey }: PendingDevice): TokenSet {
  const { accessToken, tokenType, expiresAt, refreshToken, idToken } = response
  return {
    accessToken,
    tokenType,
    // If a resource was named, the answer has only the scope of that resource, and not of the grant.
    scope: (resource ? undefined : response.scope) ?? scope,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    ...(dpopKey && { dpopKey }),
  }
}

function pause(clock: Clock, time: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      stop()
      reject(signal?.reason)
    }
    const stop = clock.at(clock.elapsed() + time, () => {
      signal?.removeEventListener('abort', end)
      resolve()
    })
    signal?.addEventListener('abort', end, { once: true })
  })
}

/** The error for the server's final refusal. */
function final(cause: TokenManagerError): TokenManagerError {
  const { error } = cause
  if (error === 'expired_token') return expired()
  if (error !== 'access_denied') return cause
  return new TokenManagerError('ERR_AUTHORIZATION_CANCELLED', 'cancelled', 'The person refused', { error })
}

function expired(): TokenManagerError {
  const what = 'The person did not agree in time'
  return new TokenManagerError('ERR_AUTHORIZATION_REJECTED', 'transaction_expired', what)
}

function lost(cause: TokenManagerError): TokenManagerError {
  const what = 'The answer that held the tokens was lost'
  return cause.reason === 'invalid_grant'
    ? new TokenManagerError('ERR_AUTHORIZATION_REJECTED', 'code_exchange_indeterminate', what, { cause })
    : final(cause)
}
