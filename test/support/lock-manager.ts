interface Waiting {
  readonly start: () => void
}

/** `navigator.locks` as the specification has it for exclusive locks: a queue a name, and its refusals. */
export function lockManager(): Pick<LockManager, 'request'> {
  const queues = new Map<string, Waiting[]>()
  const next = (name: string) => queues.get(name)?.[0]?.start()
  const request = async (name: string, options: LockOptions, run: () => unknown): Promise<unknown> => {
    const { signal, steal, ifAvailable } = options
    const isMixed = (signal && (steal || ifAvailable)) || (steal && ifAvailable)
    if (isMixed || name.startsWith('-')) throw new DOMException('misuse', 'NotSupportedError')
    signal?.throwIfAborted()

    const queue = queues.get(name) ?? []
    queues.set(name, queue)
    let waiting: Waiting | undefined
    let giveUp = () => {}
    try {
      await new Promise<void>((resolve, reject) => {
        waiting = { start: resolve }
        queue.push(waiting)
        giveUp = () => reject(signal?.reason)
        signal?.addEventListener('abort', giveUp)
        if (queue.length === 1) resolve()
      })
      return await run()
    } finally {
      signal?.removeEventListener('abort', giveUp)
      const at = waiting ? queue.indexOf(waiting) : -1
      queue.splice(at, 1)
      if (at === 0) next(name)
    }
  }
  return { request } as Pick<LockManager, 'request'>
}
