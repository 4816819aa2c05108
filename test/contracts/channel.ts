import { describe, expect, it, vi } from 'vitest'
import type { Channel } from '../../src/ports.ts'

/** What every {@link Channel} that reaches others does. `settle` resolves when what was posted has arrived. */
export function channelContract(
  name: string,
  create: () => { contexts: readonly [Channel, Channel]; settle: () => Promise<void> },
): void {
  /** However long a message takes on a busy machine. */
  const expectHeard = (heard: readonly unknown[], expected: readonly unknown[]) =>
    vi.waitFor(() => expect(heard).toEqual(expected), { timeout: 60_000, interval: 20 })

  describe(`${name} keeps the Channel contract`, () => {
    it('carries a message to the other context and not to its own', async () => {
      const { contexts, settle } = create()
      const [a, b] = contexts
      const heard: unknown[] = []
      const undo = [a.subscribe('n', () => heard.push('own')), b.subscribe('n', (message) => heard.push(message))]
      a.post('n', { type: 'changed', generation: 3 })
      await settle()
      await expectHeard(heard, [{ type: 'changed', generation: 3 }])
      for (const end of undo) end()
    })

    it('carries from a context that does not listen itself', async () => {
      const { contexts, settle } = create()
      const heard: unknown[] = []
      const undo = contexts[1].subscribe('n', (message) => heard.push(message))
      contexts[0].post('n', 'odd')
      await settle()
      await expectHeard(heard, ['odd'])
      undo()
    })

    it('keeps names apart', async () => {
      const { contexts, settle } = create()
      const heard: unknown[] = []
      const undo = contexts[1].subscribe('other', (message) => heard.push(message))
      contexts[0].post('n', 1)
      await settle()
      expect(heard).toEqual([])
      undo()
    })

    it('ends one subscription and leaves the others, also of the same listener', async () => {
      const { contexts, settle } = create()
      const heard: unknown[] = []
      const listener = (message: unknown) => heard.push(message)
      const first = contexts[1].subscribe('n', listener)
      const second = contexts[1].subscribe('n', listener)
      first()
      first()
      contexts[0].post('n', 1)
      await settle()
      await expectHeard(heard, [1])
      second()
      contexts[0].post('n', 2)
      await settle()
      expect(heard).toEqual([1])
    })

    it('never throws for what cannot be sent', () => {
      const { contexts } = create()
      expect(() => contexts[0].post('n', () => {})).not.toThrow()
    })
  })
}
