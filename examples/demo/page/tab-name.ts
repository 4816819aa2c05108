const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** The first letter no other open tab has; it is given back when the tab is closed, and a reload finds it again. */
export async function claimTabName(): Promise<string> {
  for (const letter of letters) {
    const claimed = await new Promise<boolean>((resolve) => {
      void navigator.locks.request(`demo-tab-${letter}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null)
        return lock ? new Promise(() => {}) : undefined
      })
    })
    if (claimed) return letter
  }
  return '?'
}
