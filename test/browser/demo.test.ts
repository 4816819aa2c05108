import { expect, it } from 'vitest'
import { check } from '../../examples/demo/check.ts'
import { findFirefox } from '../../scripts/programs.mjs'

// In Chromium it is the demo's own check.
if (findFirefox())
  it('DPO-06 DPO-09 ACQ-18: the whole story of the demo, with DPoP, nonces and pushed requests required, in Firefox', async () => {
    expect(await check({ ttl: 120, port: 0, screenshot: undefined, browser: 'firefox' })).toBe(true)
  })
