import { describe, expect, it } from 'vitest'
import { type Next, next } from '../../src/requests/authorized-fetch.ts'

/** An answer, as far as it is looked at; `redirect`: one that the platform hides. */
function answer(status: number | 'redirect', challenge?: string) {
  const headers = new Headers(challenge === undefined ? {} : { 'www-authenticate': challenge })
  if (status === 'redirect') return { ok: false, status: 0, type: 'opaqueredirect', headers } as const
  return { ok: status > 199 && status < 300, status, type: 'default', headers } as const
}

const STEP_UP = 'error="insufficient_user_authentication"'
const SCOPE = 'error="insufficient_scope", scope="admin"'
const REFUSED = 'error="invalid_token"'

const rows: readonly [Next, number | 'redirect', string?, ('Bearer' | 'DPoP')?][] = [
  ['done', 200],
  ['done', 204],
  // A success is one, whatever it says beside.
  ['done', 200, `Bearer ${REFUSED}`],
  ['follow', 301],
  ['follow', 302],
  ['follow', 303],
  ['follow', 307],
  ['follow', 308],
  ['follow', 'redirect'],
  ['done', 300],
  ['done', 304],
  ['done', 305],
  ['done', 400, `Bearer ${REFUSED}`],
  ['done', 404],
  ['done', 500, `Bearer ${REFUSED}`],
  ['renew', 401],
  ['renew', 401, 'Bearer'],
  ['renew', 401, `Bearer ${REFUSED}`],
  ['renew', 401, `bearer realm="x", ${REFUSED}`],
  ['renew', 401, 'Negotiate'],
  ['renew', 401, `Bearer error="invalid_request", Bearer ${REFUSED}`],
  ['done', 401, 'Bearer error="invalid_request"'],
  ['done', 401, `Bearer ${SCOPE}`],
  ['step_up', 401, `Bearer ${STEP_UP}`],
  ['step_up', 401, `Bearer ${REFUSED}, Bearer ${STEP_UP}`],
  ['done', 403],
  ['done', 403, `Bearer ${REFUSED}`],
  ['done', 403, `Bearer ${STEP_UP}`],
  ['step_up', 403, `Bearer ${SCOPE}`],
  // Spring Security says this to everybody who may not do something.
  ['done', 403, 'Bearer error="insufficient_scope", error_description="The request requires higher privileges"'],
  ['done', 403, 'Bearer error="insufficient_scope", scope=""'],
  // Another scheme's challenge is as good as none.
  ['renew', 401, `DPoP ${STEP_UP}`],
  ['done', 403, `DPoP ${SCOPE}`],
  ['renew', 401, `DPoP ${REFUSED}`, 'DPoP'],
  ['renew', 401, `Bearer ${STEP_UP}`, 'DPoP'],
  ['step_up', 403, `Bearer ${REFUSED}, DPoP ${SCOPE}`, 'DPoP'],
  ['done', 401, 'DPoP error="use_dpop_nonce"', 'DPoP'],
  ['done', 401, 'DPoP error="invalid_dpop_proof"', 'DPoP'],
]

describe('what follows an answer', () => {
  for (const [expected, status, challenge, type = 'Bearer'] of rows) {
    it(`${expected}: after ${status} ${challenge ?? ''} to a ${type} token`, () => {
      expect(next(answer(status, challenge), type)).toBe(expected)
    })
  }
})
