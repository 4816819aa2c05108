import { afterAll, inject } from 'vitest'

/** @type {any} */
const stryker = Reflect.get(globalThis, inject(/** @type {never} */ ('globalNamespace')))

// The test files share one worker: what the last one covered is not covered by the next one.
// biome-ignore lint/correctness/noEmptyPattern: vitest reads the pattern to know what a hook wants
afterAll(({}, suite) => {
  const { mutantCoverage } = stryker ?? {}
  if (!mutantCoverage) return
  Object.assign(suite.meta, { mutantCoverage: structuredClone(mutantCoverage) })
  for (const covered of Object.values(mutantCoverage))
    for (const key of Object.keys(Object(covered))) delete Object(covered)[key]
})
