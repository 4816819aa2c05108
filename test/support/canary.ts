import { inspect } from 'node:util'

/** Looks for secrets where none may be. Every secret of a test begins with `word`. */
export interface Canary {
  /** What secrets begin with. */
  readonly word: string
  /** Takes down what `value` shows: printed, serialized, spread, as text, with every cause. */
  see(value: unknown, where: string): void
  /** Where the canary was seen. */
  readonly sightings: readonly string[]
  /** Listens to `console` from now on. Returns its own undo. */
  watchConsole(): () => void
}

/** `secrets`: what does not begin with `word` and is secret all the same. */
export function canary(word: string, secrets: () => readonly string[] = () => []): Canary {
  const sightings: string[] = []
  const check = (text: string, where: string) => {
    const found = [word, ...secrets()].find((secret) => text.includes(secret))
    if (found)
      sightings.push(`${where}: ${text.slice(Math.max(0, text.indexOf(found) - 40), text.indexOf(found) + 40)}`)
  }
  const made: Canary = {
    word,
    sightings,
    see(value, where) {
      for (const text of shown(value)) check(text, where)
    },
    watchConsole() {
      const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const
      const before = methods.map((method) => console[method])
      for (const method of methods)
        console[method] = (...values: unknown[]) => {
          for (const value of values) made.see(value, `console.${method}`)
        }
      return () => {
        for (const [index, method] of methods.entries()) Object.assign(console, { [method]: before[index] })
      }
    },
  }
  return made
}

/** Every text that a log, a serializer or a debugger could make of `value`. */
function shown(value: unknown): string[] {
  const texts = [
    inspect(value, { depth: 12, showHidden: false }),
    attempt(() => String(value)),
    attempt(() => JSON.stringify(value) ?? ''),
  ]
  texts.push(attempt(() => JSON.stringify({ ...(value as object) })))
  texts.push(attempt(() => inspect(structuredClone(value), { depth: 12 })))
  if (value instanceof Error) {
    for (const name of Object.getOwnPropertyNames(value)) texts.push(attempt(() => String((value as never)[name])))
    if (value.cause !== undefined) texts.push(...shown(value.cause))
  }
  return texts
}

function attempt(make: () => string): string {
  try {
    return make()
  } catch {
    return ''
  }
}
