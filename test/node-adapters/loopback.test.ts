import { request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTokenManager, type NodeTokenManager } from '../../src/node/create-token-manager.ts'
import { type LoopbackOptions, loopback } from '../../src/node/loopback.ts'
import { scriptedAuthorizationServer } from '../../src/testing/scripted-authorization-server.ts'

const redirectUri = 'http://127.0.0.1/callback'
let server: ReturnType<typeof scriptedAuthorizationServer>
const managers: NodeTokenManager[] = []

beforeEach(() => {
  browsers = []
  server = scriptedAuthorizationServer(Date.now)
})
afterEach(() => {
  for (const manager of managers.splice(0)) manager.dispose()
})

/** What the browsers do that were opened. */
let browsers: unknown[] = []

function program({ open, ...options }: LoopbackOptions, where = redirectUri) {
  const opened = (url: string) => {
    const browser = open?.(url)
    browsers.push(browser)
    return browser
  }
  const manager = createTokenManager({
    issuer: server.issuer,
    clientId: 'cli',
    scope: 'notes',
    redirectUri: where,
    fetch: server.fetch,
    userAgent: loopback({ ...options, open: opened }),
  })
  managers.push(manager)
  return manager
}
const redirectOf = (url: string) => new URL(url).searchParams.get('redirect_uri') as string
const get = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers, redirect: 'manual' })
  return { status: response.status, headers: response.headers, text: await response.text(), url }
}
const isClosed = async (url: string) => {
  await expect(fetch(url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
}

describe('loopback', () => {
  it('ACQ-15: signs in by way of a free port, and has closed when signIn() goes on', async () => {
    let landed: Response | undefined
    let address = ''
    const { signIn, ready } = program({
      async open(url) {
        address = redirectOf(url)
        landed = await fetch(server.authorize(url))
      },
    })
    expect(await ready()).toMatchObject({ status: 'signedOut' })
    expect(await signIn({ returnTo: 'x' })).toMatchObject({ status: 'signedIn', session: { returnTo: 'x' } })
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)
    await isClosed(address)
    await Promise.all(browsers)
    expect(landed?.url).toBe(address)
    expect(await landed?.text()).toContain('You can close this window')
  })

  it('shows a page without secrets, scripts or anything from elsewhere, at an address without the code', async () => {
    const seen: Awaited<ReturnType<typeof get>>[] = []
    await program({
      async open(url) {
        const first = await get(server.authorize(url))
        const second = await get(new URL(first.headers.get('location') ?? '', redirectOf(url)).href)
        seen.push(first, second)
      },
    }).signIn()
    await Promise.all(browsers)
    const [first, second] = seen
    expect([first?.status, first?.text, second?.status]).toEqual([303, '', 200])
    expect(second?.url).not.toMatch(/[?#]/)
    const [code, state] = ['code', 'state'].map((name) => new URL(first?.url ?? '').searchParams.get(name) as string)
    for (const { text, headers } of seen) {
      expect(text + JSON.stringify([...headers])).not.toContain(code)
      expect(text + JSON.stringify([...headers])).not.toContain(state)
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      })
    }
    expect(second?.text).toMatch(/^<!doctype html>\n<html lang="en">/)
  })

  it('takes one answer only: that with its own state, at its own path, under its own name', async () => {
    const statuses: number[] = []
    const { signIn } = program({
      async open(url) {
        const base = redirectOf(url)
        const right = server.authorize(url)
        const query = right.slice(right.indexOf('?'))
        for (const wrong of [
          base,
          `${base}?code=x`,
          `${base}?code=x&state=y`,
          `${base}?error=server_error&state=y`,
          `${base}x?error=server_error`,
          `${base}x${query}`,
          `${base}/${query}`,
          `${base.replace('/callback', '')}/${query}`,
        ])
          statuses.push((await get(wrong)).status)
        statuses.push(await rawGet(right, 'evil.example'), await rawGet(right, 'localhost', 'POST'))
        statuses.push((await get(right)).status, (await get(right)).status)
      },
    })
    expect(await signIn()).toMatchObject({ status: 'signedIn' })
    await Promise.all(browsers)
    expect(statuses).toEqual([...Array(10).fill(404), 303, 404])
  })

  it('is done soon after the answer even if the browser never fetches the page', async () => {
    const { signIn } = program({ open: (url) => void get(server.authorize(url)) })
    expect(await signIn()).toMatchObject({ status: 'signedIn' })
  })

  it('says so when the person refuses, and shows another page', async () => {
    let page = ''
    const { signIn } = program({
      async open(url) {
        const state = new URL(url).searchParams.get('state')
        const iss = encodeURIComponent(server.issuer)
        page = await (await fetch(`${redirectOf(url)}?error=access_denied&state=${state}&iss=${iss}`)).text()
      },
    })
    await expect(signIn()).rejects.toMatchObject({ code: 'ERR_AUTHORIZATION_CANCELLED', error: 'access_denied' })
    await Promise.all(browsers)
    expect(page).toContain('Not signed in')
  })

  it('ACQ-03: an error without state ends the wait and is what signIn() says, if it comes as a page', async () => {
    let page = ''
    const began: number[] = []
    const { signIn } = program({
      async open(url) {
        const answer = `${redirectOf(url)}?error=server_error`
        began.push((await get(answer, { 'sec-fetch-dest': 'image' })).status)
        page = await (await fetch(answer, { headers: { 'sec-fetch-dest': 'document' } })).text()
      },
    })
    await expect(signIn()).rejects.toMatchObject({
      code: 'ERR_TEMPORARILY_UNAVAILABLE',
      reason: 'authorization_error',
      error: 'server_error',
    })
    await Promise.all(browsers)
    expect(began).toEqual([404])
    expect(page).toContain('Not signed in')
  })

  it("shows a program's own page", async () => {
    let page = ''
    const { signIn } = program({
      page: (outcome) => `<p>Fertig: ${outcome}`,
      open: async (url) => {
        page = await (await fetch(server.authorize(url))).text()
      },
    })
    await signIn()
    await Promise.all(browsers)
    expect(page).toBe('<p>Fertig: answered')
  })

  it('ends when nobody comes back, when it is told to, and when no browser can be opened; and closes', async () => {
    let address = ''
    const note = (url: string) => {
      address = redirectOf(url)
    }
    await expect(program({ open: note, timeout: 1_000 }).signIn()).rejects.toMatchObject({
      code: 'ERR_AUTHORIZATION_CANCELLED',
      reason: 'timeout',
    })
    await isClosed(address)

    const stop = new AbortController()
    const stopped = program({ open: note, signal: stop.signal }).signIn()
    await sleep(20)
    stop.abort(new Error('Ctrl-C'))
    await expect(stopped).rejects.toThrow('Ctrl-C')
    await isClosed(address)

    const open = async (url: string) => {
      note(url)
      throw new Error('no browser')
    }
    await expect(program({ open }).signIn()).rejects.toThrow('no browser')
    await isClosed(address)
  })

  it('ACQ-15: says what is wrong with a redirect URI that is not on this machine, or whose port is taken', async () => {
    for (const wrong of ['https://127.0.0.1/', 'http://localhost/', 'http://127.0.0.1.evil.example/', 'app:/cb'])
      await expect(program({}, wrong).signIn()).rejects.toMatchObject({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringMatching(/option redirectUri has to be http:..127\.0\.0\.1/),
      })
    const taken = createServer()
    const port = await new Promise<number>((resolve) =>
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)),
    )
    await expect(program({}, `http://127.0.0.1:${port}/callback`).signIn()).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining('port'),
    })
    await new Promise((resolve) => taken.close(resolve))
    const open = async (url: string) => {
      expect(redirectOf(url)).toBe(`http://127.0.0.1:${port}/callback`)
      await fetch(server.authorize(url))
    }
    expect(await program({ open }, `http://127.0.0.1:${port}/callback`).signIn()).toMatchObject({ status: 'signedIn' })
  })

  it('two sign-ins at a time each get their own answer', async () => {
    const urls: string[] = []
    const { signIn } = program({
      async open(url) {
        urls.push(url)
        while (urls.length < 2) await sleep(1)
        await fetch(server.authorize(url))
      },
    })
    const states = await Promise.all([signIn(), signIn()])
    expect(states.map(({ status }) => status)).toEqual(['signedIn', 'signedIn'])
    expect(new Set(urls.map(redirectOf)).size).toBe(2)
  })

  it('names an option that is out of bounds', () => {
    expect(() => loopback({ timeout: 0 })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }))
  })
})

/** A request under another name for this machine, as a page of another site can have the browser send it. */
function rawGet(url: string, host: string, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { method, headers: method === 'GET' ? { host } : {} }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .once('error', reject)
      .end()
  })
}
