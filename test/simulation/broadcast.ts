import type { Channel } from '../../src/ports.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import type { Tab } from './tab.ts'

/** The channel all tabs share: it loses, delays, repeats and reorders. */
export interface Broadcast {
  of(tab: () => Tab, dice: Random): Channel
}

export function createBroadcast(history: History): Broadcast {
  const { time, plan } = history
  const { channelDelay, channelLoses, channelRepeats } = plan.noise
  const ears = new Set<{ readonly tab: Tab; readonly name: string; hear(message: unknown): void }>()

  return {
    of: (tabOf, dice) => ({
      post(name, message) {
        const from = tabOf()
        for (const ear of ears) {
          if (ear.tab === from || ear.name !== name || ear.tab.gone) continue
          // A channel that loses everything is none, and stays so.
          if ((!history.calm || channelLoses === 1) && dice.chance(channelLoses)) {
            history.count('message lost')
            continue
          }
          const times = !history.calm && dice.chance(channelRepeats) ? 2 : 1
          if (times > 1) history.count('message repeated')
          for (let left = times; left > 0; left--)
            time.inTab(ear.tab, history.calm ? 0 : channelDelay * dice.next(), () => {
              if (!ears.has(ear)) return
              ear.tab.heardAt = time.now
              ear.hear(message)
            })
        }
      },
      subscribe(name, hear) {
        const ear = { tab: tabOf(), name, hear }
        ears.add(ear)
        return () => void ears.delete(ear)
      },
    }),
  }
}
