import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { webLock } from '../../src/browser/web-lock.ts'
import { lockContract } from '../contracts/lock.ts'
import { lockManager } from '../support/lock-manager.ts'

const { signal } = new AbortController()

beforeEach(() => void vi.stubGlobal('navigator', { locks: lockManager() }))
afterEach(() => void vi.unstubAllGlobals())

lockContract('webLock', () => [webLock(expect.unreachable), webLock(expect.unreachable)])

describe('webLock', () => {
  it('says that it spans the store', () => {
    expect(webLock(expect.unreachable).spans).toBe('store')
  })

  it('COO-05, COO-08: is asked for with a signal and nothing else', async () => {
    const request = vi.spyOn(navigator.locks, 'request')
    await webLock(expect.unreachable).request('n', { signal, steal: true } as { signal: AbortSignal }, async () => {})
    expect(request.mock.calls[0]![1]).toEqual({ signal })
  })

  it('COO-05, COO-08: no source steals a lock or asks for one only if it is free', () => {
    const folder = new URL('../../src/browser/', import.meta.url)
    for (const file of readdirSync(folder, { recursive: true }) as string[]) {
      if (!file.endsWith('.ts')) continue
      const code = readFileSync(new URL(file, folder), 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '')
      expect(code, file).not.toMatch(/\b(steal|ifAvailable)\b/)
    }
  })

  it('COO-09, STO-09: lets everybody go on at once where there are no Web Locks, and says so once', async () => {
    vi.stubGlobal('navigator', {})
    const report = vi.fn()
    const lock = webLock(report)
    expect(lock.spans).toBe('nothing')
    expect(await lock.request('n', { signal }, () => lock.request('n', { signal }, async () => 1))).toBe(1)
    expect(await lock.request('n', { signal }, async () => 2)).toBe(2)
    expect(report.mock.calls).toEqual([['lock_unavailable']])
  })

  it('STO-09: lets everybody go on where the browser denies them, and says so once', async () => {
    const denied = async () => {
      throw new DOMException('opaque origin', 'SecurityError')
    }
    vi.stubGlobal('navigator', { locks: { request: denied } })
    const report = vi.fn()
    const lock = webLock(report)
    const one = () => lock.request('n', { signal }, async () => lock.spans)
    expect(await Promise.all([one(), one(), one()])).toEqual(['nothing', 'nothing', 'nothing'])
    expect(report.mock.calls).toEqual([['lock_unavailable']])
  })

  it('leaves the failure of the run alone, whatever its name', async () => {
    const report = vi.fn()
    let ran = 0
    const failing = webLock(report).request('n', { signal }, async () => {
      ran++
      throw new DOMException('of the caller', 'SecurityError')
    })
    await expect(failing).rejects.toThrow('of the caller')
    expect([ran, report.mock.calls.length]).toEqual([1, 0])
  })
})
