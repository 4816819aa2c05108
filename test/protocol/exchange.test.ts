import { afterEach, expect, it, vi } from 'vitest'
import type { TokenManagerError } from '../../src/errors.ts'
import { webText } from '../../src/in-process/web-text.ts'
import type { Clock } from '../../src/ports.ts'
import { exchange } from '../../src/protocol/exchange.ts'
import { itInDevelopment } from '../support/sentences.ts'

/** A clock whose timers run only when the page does. */
function sleepyClock() {
  const timers = new Map<object, { readonly time: number; readonly run: () => void }>()
  let elapsed = 0
  const clock: Clock = {
    now: () => elapsed,
    elapsed: () => elapsed,
    at(time, run) {
      const id = {}
      timers.set(id, { time, run })
      return () => void timers.delete(id)
    },
  }
  return {
    ...{ clock, timers },
    /** The page stands still for this long, and then all that is due runs before anything else. */
    sleep(ms: number) {
      elapsed += ms
      for (const [id, { time, run }] of [...timers])
        if (time <= elapsed) {
          timers.delete(id)
          run()
        }
    },
  }
}

const request = { url: 'https://as.example/token', method: 'GET', headers: {} }

/** A request that has been sent. */
async function asked(timeout = 2_000) {
  const page = sleepyClock()
  let answer = (_: Response) => {}
  let done: ReturnType<typeof exchange> | undefined
  await new Promise<void>((sent) => {
    const fetch = (_: unknown, { signal }: RequestInit = {}) =>
      new Promise<Response>((resolve, reject) => {
        answer = resolve
        signal?.addEventListener('abort', () => reject(signal.reason))
        sent()
      })
    done = exchange({ fetch, clock: page.clock, text: webText }, timeout, () => request)
  })
  return { ...page, done, answer: () => answer(new Response('{}')) }
}

it('RT-10: an answer that came while the page slept is read, though its time is up', async () => {
  for (const slept of [1_900, 2_200, 60_000]) {
    const page = await asked()
    page.sleep(slept)
    page.answer()
    expect(await page.done).toMatchObject({ kind: 'answer', status: 200 })
    expect(page.timers.size).toBe(0)
  }
})

it('RT-10: a page that runs gives up at its limit, and one that slept half a second after it woke', async () => {
  const runs = await asked()
  runs.sleep(1_500)
  runs.sleep(499)
  const late = Promise.race([runs.done, Promise.resolve('waits')])
  expect(await late).toBe('waits')
  runs.sleep(1)
  expect(await runs.done).toMatchObject({ kind: 'transient', lost: true, error: { reason: 'timeout' } })

  const slept = await asked()
  slept.sleep(60_000)
  slept.sleep(500)
  expect(await slept.done).toMatchObject({ kind: 'transient', lost: true, error: { reason: 'timeout' } })
})

afterEach(() => void vi.unstubAllGlobals())

/** What is sent on a platform whose requests are made by `make` and have these `members`, and what comes of it. */
async function sentWhere(make: (init: RequestInit) => void, members: object = {}) {
  function Request(_: string, init: RequestInit) {
    make(init)
  }
  Request.prototype = members
  vi.stubGlobal('Request', Request)
  const sent: RequestInit[] = []
  const fetch = async (_: unknown, init: RequestInit = {}) => {
    sent.push(init)
    return new Response('{}')
  }
  const answer = await exchange({ fetch, clock: sleepyClock().clock, text: webText }, 2_000, () => request)
  return { answer, init: sent[0] }
}

it('asks not to be cached only where requests have that member', async () => {
  const browser = await sentWhere(() => {}, { cache: 'default' })
  expect(browser.init).toMatchObject({ cache: 'no-store', credentials: 'omit', redirect: 'manual' })

  const worker = await sentWhere((init) => {
    if ('cache' in init) throw new Error("The 'cache' field is not implemented.")
  })
  expect(worker.answer).toMatchObject({ kind: 'answer', status: 200 })
  expect(worker.init).not.toHaveProperty('cache')
})

it('reads an answer in whatever parts it comes, and no more than 1 MiB of it', async () => {
  const text = JSON.stringify({ name: 'Zoë 日本 🙂' })
  const bytes = new TextEncoder().encode(text)
  const answering = (parts: readonly Uint8Array[]) => async () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          for (const part of parts) controller.enqueue(part)
          controller.close()
        },
      }),
    )
  for (let cut = 0; cut <= bytes.length; cut++) {
    const fetch = answering([bytes.subarray(0, cut), bytes.subarray(cut)])
    const answer = await exchange({ fetch, clock: sleepyClock().clock, text: webText }, 2_000, () => request)
    expect(answer).toMatchObject({ kind: 'answer', body: JSON.parse(text) })
  }

  const blanks = new Uint8Array(2 ** 20 - bytes.length).fill(0x20)
  const whole = await exchange(
    { fetch: answering([blanks, bytes]), clock: sleepyClock().clock, text: webText },
    2_000,
    () => request,
  )
  expect(whole).toMatchObject({ kind: 'answer', body: JSON.parse(text) })
  const more = answering([blanks, bytes, new Uint8Array([0x20])])
  const cut = await exchange({ fetch: more, clock: sleepyClock().clock, text: webText }, 2_000, () => request)
  expect(cut).toMatchObject({ kind: 'transient', lost: true })
})

itInDevelopment('a request that the platform refuses to make is no failure of the network', async () => {
  const { answer, init } = await sentWhere(() => {
    throw new TypeError('canary-token is an invalid header value')
  })
  expect(init).toBeUndefined()
  expect(answer).toMatchObject({ kind: 'transient', lost: false })
  const { error } = answer as { error: TokenManagerError }
  expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED', reason: 'request_refused', cause: { name: 'TypeError' } })
  expect(error.message).not.toMatch(/canary/)
})
