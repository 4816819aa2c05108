import type { Move, Plan } from './plan.ts'
import type { Random } from './random.ts'

/** The longest that a back-off lasts where no person is needed, ms. */
const LONGEST_BACK_OFF = 6 * 60_000

/**
 * `plan` with programs in place of tabs: each is started, makes one call and ends, or is killed on the way. Between them the server fails for
 * a while. Nobody lives long enough to see anything age.
 */
export function programRuns(plan: Plan, dice: Random): Plan {
  const { requestTimeout, confirmInterval, revokeReplaced } = plan.options
  const runs = dice.between(10, 40)
  const isRare = dice.chance(0.5)
  const longest = isRare ? 3 * LONGEST_BACK_OFF : dice.pick([3_000, 30_000, 300_000])
  const shortest = isRare ? LONGEST_BACK_OFF + 60_000 : 1_000
  const moves: Move[] = [
    { at: 0, do: 'open', tab: 0 },
    { at: 500, do: 'adopt', tab: 0 },
    { at: 1_000, do: 'close', tab: 0 },
  ]
  let at = plan.server.lifetime
  for (let run = 0; run < runs; run++) {
    at += dice.between(shortest, longest)
    if (dice.chance(0.3)) {
      const how = dice.pick(['503', '503 with date', '429', '500', 'redirect', 'silence', 'unreachable'] as const)
      moves.push({ at: at - dice.between(0, shortest), do: 'server fails', how, ms: dice.between(0, 2 * longest) })
    }
    if (dice.chance(0.05)) moves.push({ at: at - 1, do: 'set the clock by', ms: dice.pick([-86_400_000, -60_000]) })
    moves.push({ at, do: 'open', tab: 0 }, { at, do: 'run once', tab: 0 })
    if (dice.chance(0.2)) moves.push({ at, do: 'crash', tab: 0, after: dice.between(0, 25) })
  }
  return {
    ...plan,
    lock: 'process',
    tabs: 1,
    options: { requestTimeout, confirmInterval, revokeReplaced },
    server: { ...plan.server, malformed: 0, otherPerson: 0, expiresIn: 'number', lifetime: 20_000 },
    noise: { ...plan.noise, requestLost: 0, answerLost: 0, storeFails: 0, skew: 0 },
    processes: true,
    programs: isRare ? 'rare' : 'frequent',
    moves: moves.sort((a, b) => a.at - b.at),
    ends: at + longest,
  }
}
