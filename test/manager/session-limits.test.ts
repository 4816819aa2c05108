import { describe, expect, it } from 'vitest'
import { type SessionLimitsOptions, sessionLimits } from '../../src/manager/session-limits.ts'

describe('sessionLimits()', () => {
  it.each(['idleTimeout', 'maxAge'])('%s: a limit that could never hold is refused in every build', (name) => {
    for (const value of ['5000', Number.NaN, {}, null, 0, -1, 999, Number.POSITIVE_INFINITY])
      expect(() => sessionLimits({ [name]: value } as SessionLimitsOptions)).toThrow(`Option limits.${name} has to be`)
  })

  it('takes what it knows alone, and keeps it', () => {
    expect(() => sessionLimits({ idle: 60_000 } as SessionLimitsOptions)).toThrow('Option limits.idle has to be')
    expect(sessionLimits({ idleTimeout: 1_000, maxAge: 1e12 }).options).toEqual({ idleTimeout: 1_000, maxAge: 1e12 })
    expect(sessionLimits({}).options).toEqual({})
  })
})
