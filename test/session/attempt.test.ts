import { describe, expect, it } from 'vitest'
import { TokenManagerError } from '../../src/errors.ts'
import type { TokenAnswer } from '../../src/protocol/token-set.ts'
import { type Attempt, answered, type Claim } from '../../src/session/attempt.ts'
import type { Failure } from '../../src/session/failure.ts'
import type { SessionRecord } from '../../src/session/record.ts'

const down = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'network_unavailable')
const failing = new TokenManagerError('ERR_TEMPORARILY_UNAVAILABLE', 'server_unavailable', '', { status: 500 })

const answers = {
  tokens: { kind: 'tokens', response: { accessToken: 'at', tokenType: 'Bearer', obtainedAt: 1 } },
  rejected: { kind: 'rejected', error: down },
  refused: { kind: 'refused', error: down },
  invalid: { kind: 'invalid', error: down },
  unsent: { kind: 'unsent' },
  lost: { kind: 'transient', error: down, lost: true },
  'lost, with a status': { kind: 'transient', error: failing, lost: true },
  'not lost': { kind: 'transient', error: down, lost: false },
} satisfies Readonly<Record<string, TokenAnswer>>

type Name = keyof typeof answers

interface Row {
  readonly answer: Name
  readonly step: Attempt['step']
  /** What is concluded, or was lost. Default: the answer itself. */
  readonly of?: Name
  /** What came of the first request. */
  readonly before?: Name
  readonly isOffline?: boolean
  /** Refreshes failed before. */
  readonly hasFailed?: boolean
  /** It has begun again often enough. */
  readonly isLast?: boolean
}

const rows: readonly Row[] = [
  { answer: 'tokens', step: 'conclude' },
  { answer: 'rejected', step: 'conclude' },
  { answer: 'refused', step: 'conclude' },
  { answer: 'invalid', step: 'conclude' },
  { answer: 'not lost', step: 'conclude' },
  { answer: 'lost, with a status', step: 'conclude' },
  { answer: 'lost', step: 'send_again' },
  { answer: 'lost', step: 'conclude', isOffline: true },
  { answer: 'lost', step: 'conclude', hasFailed: true },
  { answer: 'lost', step: 'send_again', isLast: true },
  { answer: 'unsent', step: 'release' },
  { answer: 'unsent', step: 'release', isOffline: true, hasFailed: true },
  { answer: 'unsent', step: 'conclude', isLast: true },
  // There is no third request, and what was heard of the first counts where the second was not sent.
  { answer: 'tokens', step: 'conclude', before: 'lost' },
  { answer: 'rejected', step: 'conclude', before: 'lost' },
  { answer: 'lost', step: 'conclude', before: 'lost' },
  { answer: 'unsent', step: 'conclude', of: 'lost', before: 'lost' },
  { answer: 'unsent', step: 'conclude', of: 'lost', before: 'lost', isLast: true },
]

const failure: Failure = { attempts: 1, delay: 2_000, beat: 'x' }

function claimed({ before, hasFailed }: Row): Claim {
  const record = { grantId: 'g', generation: 1, failure: hasFailed ? failure : undefined } as SessionRecord
  const claim: Claim = { record, owner: 'o', began: { elapsed: 0, now: 0 }, sent: { at: 0, online: true } }
  return before ? { ...claim, lost: answers[before] } : claim
}

function expected({ step, answer, of = answer }: Row, claim: Claim): unknown {
  if (step === 'release') return { step, claim }
  return step === 'send_again' ? { step, claim, lost: answers[of] } : { step, claim, answer: answers[of] }
}

describe('what an answer to a refresh asks for', () => {
  for (const row of rows) {
    const { answer, step, before, isOffline, hasFailed, isLast } = row
    const where = [
      before && `after ${before}`,
      isOffline && 'offline',
      hasFailed && 'in an outage',
      isLast && 'for the last time',
    ]
    it([`${answer}: ${step}`, ...where.filter(Boolean)].join(', '), () => {
      const claim = claimed(row)
      expect(answered(claim, answers[answer], !isOffline, !isLast)).toEqual(expected(row, claim))
    })
  }
})
