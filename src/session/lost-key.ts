import type { Clock } from '../ports.ts'
import type { DpopProver } from '../protocol/dpop.ts'
import type { SessionRecord } from './record.ts'
import { type Held, type SessionEvent, transition } from './state.ts'

/** What is used of a session. */
interface KeyHolder {
  readonly held: Held
  readonly options: { readonly maxAge?: number | undefined }
  readonly server: { readonly dpop?: DpopProver | undefined }
  readonly platform: { readonly clock: Clock }
}

/** Moves the state of `session`. A session whose key is lost ends: it could send nothing (RFC 9449 §5). */
export function transitionWithKey(session: KeyHolder, event: SessionEvent): ReturnType<typeof transition> {
  const { held, options, server, platform } = session
  const moved = transition(held, event, options.maxAge, platform.clock.now())
  const [next] = moved
  const { state, record } = next
  const isLost = state.status === 'signedIn' && record && isKeyLost(record, server.dpop)
  if (!isLost) return moved

  const { grantId } = record
  const [after, effects] = transition(next, { type: 'ended', grantId, reason: 'dpop_key_lost' })
  // For every context, as none of them has the key. A session without DPoP here leaves it to those that have.
  return [after, server.dpop ? [...effects, 'key_lost'] : effects]
}

/** Whether the tokens are bound to a key that is gone, or that `dpop` cannot use, or to none where one is required. */
export function isKeyLost({ dpopKey, accessTokens }: SessionRecord, dpop: DpopProver | undefined): boolean {
  if (!dpop) return Boolean(dpopKey)
  const types = Object.values(accessTokens).map(({ type }) => type)
  return !dpop.canUse(dpopKey, types)
}
