import { expect, it } from 'vitest'

/** Whether the sources are without their sentences and checks for developers, as builds for production are. */
export const areLeftOut = process.env.SENTENCES === 'left out'

/** Matches a message that says `part`; without sentences one that says where its reason is explained. */
export function saying(part: string | RegExp): unknown {
  if (areLeftOut) return expect.stringMatching(/: see tokenward\/docs\/troubleshooting\.md#\w+/)
  return typeof part === 'string' ? expect.stringContaining(part) : expect.stringMatching(part)
}

/** Matches an error whose message says `part`, as `saying()` does. */
export function anErrorSaying(part: string | RegExp): unknown {
  return expect.objectContaining({ message: saying(part) })
}

/** No test at all: one that is skipped counts as failed. */
const noTest = Object.assign(() => {}, { each: () => noTest }) as unknown as typeof it

/** A test of what only a developer is told: the build for production does not look for it. */
export const itInDevelopment = areLeftOut ? noTest : it

/** A test of what the build for production leaves out. */
export const itInProduction = areLeftOut ? it : noTest
