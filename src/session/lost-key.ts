import type { Clock } from '../ports.ts'
import type { DpopKey, DpopProver } from '../protocol/dpop.ts'
import { type Held, type SessionEvent, transition } from './state.ts'

/** The parts of a session that are used here. */
interface KeyHolder {
  readonly held: Held
  readonly options: { readonly maxAge?: number | undefined }
  readonly server: { readonly dpop?: DpopProver | undefined }
  readonly platform: { readonly clock: Clock }
}

/** The next state of `session` after `event`. A session whose key is lost ends, because its tokens cannot be used (RFC 9449 §5). */
export function transitionWithKey(session: KeyHolder, event: SessionEvent): ReturnType<typeof transition> {
  const { held, options, server, platform } = session
  const moved = transition(held, event, options.maxAge, platform.clock.now())
  const [next] = moved
  const { state, record } = next
  const isLost = state.status === 'signedIn' && record && isKeyLost(record, server.dpop)
  if (!isLost) return moved

  const { grantId } = record
  const [after, effects] = transition(next, { type: 'ended', grantId, reason: 'dpop_key_lost' })
  // If this context has DPoP, the session ends for all contexts, because none of them has the key. If not, other contexts may be able to use it.
  return [after, server.dpop ? [...effects, 'key_lost'] : effects]
}

/** Access tokens, and the key that they are bound to. */
interface BoundTokens {
  readonly dpopKey?: DpopKey | undefined
  readonly accessTokens: Readonly<Record<string, { readonly type: string }>>
}

/** Whether the tokens cannot be used: their key is gone, or `dpop` cannot use it, or there is none although one is required. */
export function isKeyLost({ dpopKey, accessTokens }: BoundTokens, dpop: DpopProver | undefined): boolean {
  const types = Object.values(accessTokens).map(({ type }) => type)
  return dpop ? !dpop.canUse(dpopKey, types) : Boolean(dpopKey) || types.includes('DPoP')
}
