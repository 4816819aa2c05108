// @vitest-environment happy-dom
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { BroadcastChannel as NodeChannel } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { popup } from '../../src/browser/popup.ts'

const origin = 'https://app.example.com'
const redirectUri = `${origin}/callback`
const prefix = 'tw1.'
const state = 'tw1.p.abc'
const url = `https://as.example.com/authorize?client_id=spa&state=${state}`
const answer = `${redirectUri}?code=c0de&state=${state}`
const settle = (ms = 40) => new Promise((resolve) => setTimeout(resolve, ms))

const opened = { closed: false, opener: {} as unknown, close: vi.fn(), location: { replace: vi.fn() } }
const open = vi.fn((..._: unknown[]): typeof opened | null => opened)

function visit(to: string): void {
  ;(window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(to)
}

beforeEach(() => {
  visit(`${origin}/`)
  opened.closed = false
  vi.stubGlobal('BroadcastChannel', NodeChannel)
  vi.stubGlobal('open', open)
  vi.stubGlobal('close', vi.fn())
})

afterEach(() => {
  vi.useRealTimers()
  vi.clearAllMocks()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  open.mockImplementation(() => opened)
})

describe('popup', () => {
  it('docs/guarantees.md: hands to the page that asked over a channel of the origin that is named after the unguessable `state`', async () => {
    const agent = popup({ width: 400, height: 500 })
    agent.prepare?.()
    expect(open).toHaveBeenCalledWith('about:blank', '_blank', expect.stringContaining('popup,width=400,height=500'))
    const asked = agent.authorize(url, redirectUri, state)
    await settle(0)
    expect(open).toHaveBeenCalledTimes(1)
    expect(opened.location.replace).toHaveBeenCalledWith(url)
    expect(opened.opener).toBeNull()
    visit(answer)
    const landed = vi.fn()
    void Promise.resolve(popup().callbackUrl(redirectUri, prefix)).then(landed)
    expect(location.href).toBe(redirectUri)
    expect(await asked).toBe(answer)
    expect(landed).not.toHaveBeenCalled()
    expect(opened.close).toHaveBeenCalledTimes(1)
    await settle()
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('hands over an answer without state too, for the window knows which sign-in it was opened for', async () => {
    const marked = Object.assign(opened, { sessionStorage })
    const asked = popup().authorize(url, redirectUri, state)
    await settle(0)
    const landing = `${redirectUri}?error=server_error`
    visit(landing)
    const landed = vi.fn()
    void Promise.resolve(popup().callbackUrl(redirectUri, prefix)).then(landed)
    expect(await asked).toBe(landing)
    expect([location.href, landed.mock.calls]).toEqual([redirectUri, []])
    expect(Object.values(sessionStorage)).toEqual([''])
    await settle()
    expect(close).toHaveBeenCalledTimes(1)
    Reflect.deleteProperty(marked, 'sessionStorage')
  })

  it('stays open where nobody takes the answer, and takes it itself', async () => {
    visit(answer)
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const landed = vi.fn()
    void Promise.resolve(popup().callbackUrl(redirectUri, prefix)).then(landed)
    await vi.advanceTimersByTimeAsync(1_999)
    expect([location.href, landed.mock.calls]).toEqual([redirectUri, []])
    await vi.advanceTimersByTimeAsync(1)
    expect(landed).toHaveBeenCalledWith(answer)
    expect(close).not.toHaveBeenCalled()
  })

  it('where it may not close itself it goes on, with nothing to complete', async () => {
    visit(answer)
    const asking = new NodeChannel(`tokenward:popup:${state}`)
    asking.onmessage = () => asking.postMessage(true)
    const began = performance.now()
    expect(await popup().callbackUrl(redirectUri, prefix)).toBeUndefined()
    expect(performance.now() - began).toBeGreaterThan(1_900)
    expect(close).toHaveBeenCalledTimes(1)
    asking.close()
  })

  it('completes a redirected sign-in as a redirect does', () => {
    visit(`${redirectUri}?code=c0de&state=tw1.abc`)
    expect(popup().callbackUrl(redirectUri, prefix)).toBe(`${redirectUri}?code=c0de&state=tw1.abc`)
  })

  it('ACQ-12: believes no message but an answer to this request at its redirect URI', async () => {
    const asked = popup().authorize(url, redirectUri, state)
    await settle(0)
    const forger = new NodeChannel(`tokenward:popup:${state}`)
    const acknowledged = vi.fn()
    forger.onmessage = acknowledged
    const forged = [
      null,
      { url: answer },
      `https://honest.example.com/callback?code=x&state=${state}`,
      `${origin}.evil.com/callback?code=x&state=${state}`,
      `${origin}/other?code=x&state=${state}`,
      `${redirectUri}?code=x&state=tw1.p.other`,
      'not a URL',
    ]
    for (const message of forged) forger.postMessage(message)
    await settle()
    expect(acknowledged).not.toHaveBeenCalled()
    forger.postMessage(answer)
    expect(await asked).toBe(answer)
    await settle()
    forger.close()
    expect(acknowledged).toHaveBeenCalledTimes(1)
  })

  it('ACQ-12: no source posts a message to a window', () => {
    const folder = resolve('src')
    for (const file of readdirSync(folder, { recursive: true }) as string[]) {
      if (!file.endsWith('.ts')) continue
      const calls = readFileSync(join(folder, file), 'utf8').match(/[\w.]+\.postMessage\(.*/g) ?? []
      for (const call of calls) {
        expect(call, file).toMatch(/^(channel|port)\.postMessage\(/)
        expect(call, file).not.toMatch(/['"`]\*['"`]/)
      }
    }
  })

  it('reports a blocked window', async () => {
    open.mockReturnValue(null)
    const agent = popup()
    agent.prepare?.()
    await expect(agent.authorize(url, redirectUri, state)).rejects.toMatchObject({
      code: 'ERR_AUTHORIZATION_CANCELLED',
      reason: 'popup_blocked',
    })
  })

  it('believes a closed window only after a while in which this page had the focus', async () => {
    let hasFocus = false
    let looks = 0
    vi.spyOn(document, 'hasFocus').mockImplementation(() => {
      looks++
      return hasFocus
    })
    const failed = popup({ closedPollInterval: 5 })
      .authorize(url, redirectUri, state)
      .catch((error: unknown) => ({ error, looks }))
    opened.closed = true
    await expect.poll(() => looks).toBeGreaterThan(12)

    looks = 0
    hasFocus = true
    expect(await failed).toMatchObject({
      error: { code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled' },
      looks: 6,
    })
  })

  it('closes the prepared window when the sign-in fails before it is used, and leaves a used one alone', async () => {
    const agent = popup()
    agent.prepare?.()()
    expect(opened.close).toHaveBeenCalledTimes(1)
    const undo = agent.prepare?.()
    const asked = agent.authorize(url, redirectUri, state)
    undo?.()
    expect(opened.close).toHaveBeenCalledTimes(1)
    await settle(0)
    const channel = new NodeChannel(`tokenward:popup:${state}`)
    channel.postMessage(answer)
    await asked
    channel.close()
  })

  it('opens one window for a double click: the first call has it, and the second one is cancelled', async () => {
    const agent = popup()
    const undone = [agent.prepare?.(), agent.prepare?.()]
    expect(open).toHaveBeenCalledTimes(1)

    const asked = agent.authorize(url, redirectUri, state)
    const second = agent.authorize(`${url}2`, redirectUri, `${state}2`)
    await expect(second).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED', reason: 'cancelled' })
    undone[1]?.()
    expect(open).toHaveBeenCalledTimes(1)
    expect(opened.location.replace.mock.calls).toEqual([[url]])
    expect(opened.close).not.toHaveBeenCalled()

    const channel = new NodeChannel(`tokenward:popup:${state}`)
    channel.postMessage(answer)
    expect(await asked).toBe(answer)
    channel.close()
    undone[0]?.()
    expect(opened.close).toHaveBeenCalledTimes(1)
  })

  it('opens a window for a click after the person closed one that was not used yet', () => {
    const agent = popup()
    agent.prepare?.()
    opened.closed = true
    agent.prepare?.()
    expect(open).toHaveBeenCalledTimes(2)
  })

  it('opens a window for a click after the first sign-in of two has failed, and closed theirs', async () => {
    const agent = popup()
    const undo = agent.prepare?.()
    agent.prepare?.()
    undo?.()
    await expect(agent.authorize(url, redirectUri, state)).rejects.toMatchObject({ reason: 'cancelled' })
    agent.prepare?.()
    expect([open, opened.close].map(({ mock }) => mock.calls.length)).toEqual([2, 1])
  })

  it('says where it cannot work', async () => {
    vi.stubGlobal('BroadcastChannel', undefined)
    await expect(popup().authorize(url, redirectUri, state)).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' })
    expect(opened.close).toHaveBeenCalledTimes(1)
  })
})
