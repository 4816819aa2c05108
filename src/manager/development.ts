/**
 * Whether to look for mistakes that only a developer makes, and that harm nobody else: an option that is misspelt, or of a wrong type. The
 * build for production has `false` here (`scripts/without-checks.mjs`), and no byte of what depends on it.
 */
export const isDevelopment: boolean = true
