import type { DpopProver } from '../protocol/dpop.ts'
import { revocable, type SessionRecord, tombstone } from './record.ts'
import type { Session } from './session.ts'

/** Whether the tokens are bound to a key that is gone, or that `dpop` cannot use, or to none where one is required. */
export function isKeyLost({ dpopKey, accessTokens }: SessionRecord, dpop: DpopProver | undefined): boolean {
  if (!dpop) return dpopKey !== undefined
  const types = Object.values(accessTokens).map(({ type }) => type)
  return !dpop.canUse(dpopKey, types)
}

/** Ends the session for every context, for none of them has the key; a session without DPoP here leaves that to those that have. */
export async function wipeKeyless({ server, platform, update }: Session, grantId: string): Promise<void> {
  if (!server.dpop) return
  const at = platform.clock.now()
  await update((now) =>
    now?.grantId === grantId && !now.signedOut && isKeyLost(now, server.dpop)
      ? tombstone(now, { at, reason: 'dpop_key_lost' }, revocable(now, at))
      : undefined,
  )
}
