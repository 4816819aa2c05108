/** An error as plain data. */
export interface ErrorDescription {
  readonly name: string
  readonly code: string | undefined
  readonly reason: string | undefined
  readonly message: string
  /** All of it and of its causes: messages, stacks, own properties. */
  readonly text: string
}

/** `error` as plain data, with everything that a logger could find in it. */
export function describeError(error: unknown): ErrorDescription {
  const { name, code, reason, message } = (error ?? {}) as Record<string, string>
  return { name: String(name), code, reason, message: String(message), text: textOf(error) }
}

function textOf(value: unknown, depth = 0): string {
  const isTold = typeof value !== 'object' || depth > 8
  if (isTold || value === null) return String(value)

  const names = [...Object.getOwnPropertyNames(value), ...Object.getOwnPropertyNames(Object.getPrototypeOf(value))]
  const parts = names.map((name) => {
    try {
      return `${name}: ${textOf((value as Record<string, unknown>)[name], depth + 1)}`
    } catch {
      return name
    }
  })
  return `${value} ${JSON.stringify(value)} {${parts.join(', ')}}`
}
