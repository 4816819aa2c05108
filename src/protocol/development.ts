/**
 * Whether to look for mistakes of developers that do no other harm, such as a misspelt option or a wrong type, and for values that only a store
 * without encryption can have: what a page stores is sealed, so that nothing opens but what this library wrote. The build for production has
 * `false` here (`scripts/without-checks.mjs`), and leaves out everything that depends on it.
 */
export const isDevelopment: boolean = true
