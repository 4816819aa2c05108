import type { JournalEntry } from './journal-entry.ts'
import { reasonText } from './reason-text.ts'

type Describe = (entry: JournalEntry) => string

const texts: Record<JournalEntry['type'], Describe> = {
  opened: () => 'Opened.',
  signed_in: () => 'A sign-in was completed here.',
  sign_in_failed: (entry) => `The answer to a sign-in could not be used${because(entry)}. Nothing was stored.`,
  signed_out: ({ reason = '' }) => `The session ended: ${reasonText(reason)}`,
  refreshing: (entry) => `Sent the refresh token: no other tab was at it${because(entry)}.`,
  refreshed: ({ generation, duration, attempt = 1 }) =>
    `Got new tokens${number(generation)}${after(duration)}${attempt > 1 ? ', at the second try: the first answer was lost' : ''}.`,
  adopted: ({ generation }) => `Took the tokens${number(generation)} that another tab had got. Nothing was sent.`,
  waited: ({ duration }) =>
    `Waited${duration === undefined ? '' : ` ${ms(duration)}`} for another tab's refresh. Nothing was sent.`,
  refresh_failed: (entry) => `Got no new tokens${because(entry)}. ${afterFailure(entry)}`,
  token_rejected: (entry) =>
    `An API refused a token that had not expired${because(entry)}. ${entry.replaced ? 'A new one is asked for.' : 'No new one is asked for.'}`,
  step_up_required: (entry) => `An API wants another sign-in or more scope${because(entry)}.`,
  retry_impossible: () => 'A refused request was not sent again: its body can be read only once.',
  revoked: ({ kind }) => `The server revoked the ${kindOf(kind)}.`,
  revocation_failed: (entry) =>
    `The ${kindOf(entry.kind)} could not be revoked${because(entry)}. ${entry.final ? 'That is given up.' : 'It is tried again.'}`,
  store_failed: ({ during }) => `The storage refused${during ? ` (${during})` : ''}. What is in memory goes on.`,
  storage_corrupt: () => 'What was stored was no session. It was removed.',
  storage_lost: () => 'The storage lost the session. It was written back from memory.',
  user_changed: () => 'Another person is signed in than before.',
  clock_jumped: ({ by }) => `The clock was set${by === undefined ? '' : ` by ${ms(by)}`}.`,
  clock_off: ({ by }) =>
    `This device's clock is off${by === undefined ? '' : ` by ${ms(by)}`}. Proofs carry the server's time.`,
  dpop_not_bound: (entry) => `The access token is bound to no key${because(entry)}.`,
  degraded: ({ step }) => `The platform lacks something${step ? `: ${words(step)}` : ''}.`,
}

/**
 * Says in one or two English sentences what an entry of a {@link Journal} means. The text is for developers.
 * @param entry an entry of `entries()` or `subscribe()`. An entry of a type that this version does not know gets the type's own words
 */
export function describeEntry(entry: JournalEntry): string {
  // A newer version of this library may have written an entry of a type that this version does not know.
  const isKnown = Object.hasOwn(texts, entry.type)
  return isKnown ? texts[entry.type](entry) : `${words(entry.type)}${because(entry)}.`
}

function afterFailure({ outcome = '', retryAt, at }: JournalEntry): string {
  if (outcome === 'rejected') return 'The server no longer accepts the refresh token.'
  if (outcome === 'outcome_unknown') return 'The answer to an earlier try was lost, and with it the refresh token.'

  const wait = retryAt === undefined ? '' : ` It is tried again in ${ms(Math.max(retryAt - at, 0))}.`
  return `The session is kept.${wait}`
}

function because({ reason, status }: JournalEntry): string {
  const parts = [reason && words(reason), status && `status ${status}`].filter(Boolean)
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

function number(generation: number | undefined): string {
  return generation === undefined ? '' : ` number ${generation}`
}

function after(duration: number | undefined): string {
  return duration === undefined ? '' : ` after ${ms(duration)}`
}

function ms(duration: number): string {
  const whole = Math.round(duration)
  return Math.abs(whole) < 10_000 ? `${whole} ms` : `${Math.round(whole / 1_000)} s`
}

function kindOf(kind = 'token'): string {
  return words(kind)
}

function words(name: string): string {
  return name.replaceAll('_', ' ')
}
