export { describeEntry } from './describe-entry.ts'
export { type ExplainedStep, explainSignOut, type SignOutExplanation } from './explain-sign-out.ts'
export { type Journal, type JournalOptions, type JournalSource, journal } from './journal.ts'
export type { JournalEntry } from './journal-entry.ts'
