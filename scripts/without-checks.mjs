/** Where the sources say whether mistakes are looked for that only a developer makes. */
const PLACE = '/src/protocol/development.ts'

/** Leaves out of the sources what only looks for a developer's mistakes: whatever runs where `isDevelopment` is true. */
export function withoutChecks() {
  return {
    name: 'without-checks',
    /**
     * @param {string} _
     * @param {string} id
     */
    transform(_, id) {
      const path = id.split('?', 1)[0] ?? ''
      return path.endsWith(PLACE) ? { code: 'export const isDevelopment = false', map: null } : undefined
    },
  }
}
