import type { SessionRecord } from '../../src/session/record.ts'
import type { ServerAnswer } from './authorization-server.ts'
import type { Evidence } from './evidence.ts'
import type { Presentation } from './presentations.ts'

/** Law 2: what a tab was given is stored, or the tab says that it cannot. */
export interface Keeping {
  answered(presentation: Presentation | undefined, answer: ServerAnswer | 'lost'): void
  wrote(record: SessionRecord | undefined): void
}

/** Reads and writes that one commit may take. */
const OPERATIONS = 20

export function keeping(known: Evidence): Keeping {
  const { history, broken } = known
  const { time, plan } = history
  const stored = new Set<string>()
  const patience = 1_000 + OPERATIONS * plan.noise.storeDelay

  return {
    answered(presentation, answer) {
      if (presentation?.result !== 'rotated' || answer === 'lost') return
      const { tab, family } = presentation
      const current = family?.current
      if (!current || !answer.body.includes(`"${current.value}"`)) return
      const at = time.now
      const { awake } = time
      const { frozenFor } = tab
      time.later(patience, () => {
        const wasThere = !tab.gone && !tab.frozen && tab.frozenFor === frozenFor && time.awake - awake >= patience - 1
        if (!wasThere || tab.disposedAt > -Infinity || family?.endedBy || family?.current !== current) return
        if (stored.has(current.value) || tab.saidFailedAt >= at) return
        // What comes too late for a grant that the same person's next sign-in replaced is dropped.
        if (family && known.replaced.has(known.grantOf.get(family) ?? '')) return
        broken(2, `${tab.name} was given ${current.value} and neither stores it nor says that it cannot`)
      })
    },
    wrote(record) {
      if (record?.refreshToken !== undefined) stored.add(record.refreshToken)
      for (const { token } of record?.outbox ?? []) stored.add(token)
    },
  }
}
