import { describe, expect, it } from 'vitest'
import { createGuard } from '../../src/resource-server/guard.ts'
import { sharedWork } from '../../src/resource-server/shared-work.ts'
import { AUDIENCE, NOW, request, testIssuer } from './test-issuer.ts'

/** What becomes of I/O on Cloudflare's workers whose request has been answered. */
const never = <T>() => new Promise<T>(() => {})

describe('work that callers share', () => {
  it('is begun once for all who ask while it lasts, and again afterwards, also where it failed', async () => {
    const work = sharedWork<number>()
    let begun = 0
    const begin = async () => {
      begun++
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (begun === 1) throw new Error('failed')
      return begun
    }
    const first = await Promise.allSettled(Array.from({ length: 100 }, () => work.do(begin)))
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set(['rejected']))
    expect([begun, work.isRunning]).toEqual([1, false])
    expect(await Promise.all([work.do(begin), work.do(begin)])).toEqual([2, 2])
  })

  it('is begun once more, and once for all, where whoever began it is gone', async () => {
    const work = sharedWork<string>()
    void work.do(never)
    let begun = 0
    const begin = async () => {
      begun++
      await new Promise((resolve) => setTimeout(resolve, 300))
      return 'done'
    }
    const waiting = Promise.all(Array.from({ length: 100 }, () => work.do(begin)))
    await work.settled()
    expect(await waiting).toEqual(Array(100).fill('done'))
    expect(begun).toBeLessThanOrEqual(2)
    expect(work.isLapsed).toBe(false)
  })
})

describe('a request that ends before the guard has its answer, and takes its I/O along', () => {
  it('keeps nobody else from having the keys', async () => {
    const as = await testIssuer()
    let isFirst = true
    const guard = createGuard({
      ...{ issuer: as.issuer, audience: AUDIENCE, now: () => NOW },
      fetch(input, init) {
        if (!String(input).endsWith('/jwks') || !isFirst) return as.fetch(input, init)
        isFirst = false
        return never()
      },
    })
    const token = await as.accessToken()
    guard(request(token)).catch(() => {})
    // Which of two calls asks first is not certain: hashes are made in other threads.
    await expect.poll(() => isFirst).toBe(false)
    expect(await guard(request(token))).toMatchObject({ sub: 'person' })
  })

  it('keeps nobody else from hearing about the same token', async () => {
    let isFirst = true
    const introspection = { endpoint: 'https://as.example.com/introspect', clientId: 'api', clientSecret: 's' }
    const guard = createGuard({
      ...{ issuer: { issuer: 'https://as.example.com', introspection }, audience: AUDIENCE, now: () => NOW },
      async fetch() {
        const isAnswered = !isFirst
        isFirst = false
        return isAnswered ? Response.json({ active: true, sub: 'person' }) : never()
      },
    })
    guard(request('opaque')).catch(() => {})
    await expect.poll(() => isFirst).toBe(false)
    expect(await guard(request('opaque'))).toMatchObject({ sub: 'person' })
  })
})
