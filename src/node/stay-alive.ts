let waiting = 0
let timer: NodeJS.Timeout | undefined

/**
 * Keeps the process running until `promise` is settled, and gives it back. What a manager waits for is often a timer of its own, and
 * those keep no process alive: without this, a program that awaits a token could end in the middle of it.
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
