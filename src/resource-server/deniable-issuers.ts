import type { DeniableIssuer, Denial } from './denial.ts'
import { isDenial } from './denylist-entry.ts'
import { invalidOption } from './invalid-option.ts'

/** The issuers that the guards of this process know. With them a denial that can match no token is refused where it is made. */
export interface DeniableIssuers {
  /** Called by a guard with what the tokens of an issuer contain. */
  describe(issuer: DeniableIssuer): void
  /** @throws TokenManagerError `ERR_INVALID_OPTION` if `denial` is no denial, or one that can match no token */
  check(denial: Denial): void
}

/** A time between these is in epoch seconds, by mistake. In milliseconds it would be a time from 1970 to 1973. */
const FIRST_SECOND = 100_000_000
const LAST_SECOND = 100_000_000_000

/** @param now epoch milliseconds */
export function deniableIssuers(now: () => number): DeniableIssuers {
  const described: DeniableIssuer[] = []

  return {
    describe: (issuer) => void described.push(issuer),
    check(denial) {
      if (!isDenial(denial))
        throw invalidOption(
          'A denial names issuer and jti with expiresAt, or one of sid (perhaps with owner), subject, clientId, or subject and clientId, with before (ms)',
        )
      checkTime(denial)
      checkSpelling(denial.issuer)
      checkNames(denial)
    },
  }

  /** Finds times in seconds, which claims have. As milliseconds they would be long over, and the denial would match no token. */
  function checkTime(denial: Denial): void {
    const [name, time] = 'jti' in denial ? ['expiresAt', denial.expiresAt] : ['before', denial.before]
    const isInSeconds = time >= FIRST_SECOND && time < LAST_SECOND
    if (isInSeconds && now() >= LAST_SECOND)
      throw invalidOption(`${name} of a denial has to be epoch milliseconds; ${time} is in seconds, as claims are`)
  }

  function checkSpelling(issuer: string): void {
    if (/[{}]/.test(issuer))
      throw invalidOption(`A denial names one issuer, as its tokens spell it (iss), not the template ${issuer}`)
    if (described.some(({ hasIssued }) => hasIssued(issuer))) return

    // A slash at the end too many or too few is the usual mistake.
    const other = issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`
    if (described.some(({ hasIssued }) => hasIssued(other)))
      throw invalidOption(`A denial names the issuer as its tokens spell it: ${other}, not ${issuer}`)
  }

  function checkNames(denial: Denial): void {
    const issuer = described.filter(({ hasIssued }) => hasIssued(denial.issuer))
    const namesToken = 'jti' in denial
    if (namesToken && issuer.some(({ hasTokenIds }) => !hasTokenIds))
      throw invalidOption(
        'Tokens of this issuer have no name of their own: deny sid, subject or clientId instead of jti',
      )

    const namesSession = 'sid' in denial && denial.owner === undefined
    if (namesSession && issuer.some(({ hasSessionIds }) => !hasSessionIds))
      throw invalidOption('Tokens of this issuer do not name the sign-in: deny subject, or sid with owner')
  }
}
