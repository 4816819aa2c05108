let waiting = 0
let timer: NodeJS.Timeout | undefined

/**
 * Keeps the process running until `promise` has settled, and returns `promise`. The timers of a manager do not keep a process running. Without this, a
 * program that waits for a token could end before it gets it.
 */
export function stayAlive<T>(promise: Promise<T>): Promise<T> {
  if (waiting++ === 0) {
    timer ??= setInterval(() => {}, 2 ** 31 - 1)
    timer.ref()
  }
  promise.then(done, done)
  return promise
}

function done() {
  if (--waiting === 0) timer?.unref()
}
