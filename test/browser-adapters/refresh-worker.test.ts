import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { refreshWorker } from '../../src/browser/refresh-worker.ts'
import { metadataFrom } from '../../src/manager/metadata-from.ts'
import { allowInsecureLoopback } from '../../src/manager/options.ts'
import { pushedAuthorizationRequests } from '../../src/manager/pushed-authorization-requests.ts'
import type { Degradation } from '../../src/ports.ts'

const from = { grantId: 'g', generation: 3 }
const target = { resource: 'https://api.example/' }
const options = { issuer: 'https://as.example', clientId: 'spa' }

/** A worker behind a real pair of ports; `answer` is what it says to a message, `undefined` nothing. */
function workers(answer: (message: unknown) => unknown) {
  const made: SharedWorker[] = []
  const heard: unknown[] = []
  const ends: MessagePort[] = []
  const create = () => {
    const { port1, port2 } = new MessageChannel()
    ends.push(port1, port2)
    port2.onmessage = ({ data }) => {
      heard.push(data)
      const said = answer(data)
      if (said !== undefined) port2.postMessage(said)
    }
    const worker = { port: port1, onerror: null } as unknown as SharedWorker
    made.push(worker)
    return worker
  }
  return { create, made, heard, ends, close: () => ends.splice(0).map((port) => port.close()) }
}

let close = () => {}
let reports: Degradation[]
const report = (step: Degradation) => void reports.push(step)
beforeEach(() => {
  reports = []
})
afterEach(() => {
  close()
  vi.useRealTimers()
})

describe('asking the worker', () => {
  it('starts or joins it whenever a refresh is due, and tells it what to refresh', async () => {
    const worker = workers(() => true)
    close = worker.close
    const ask = refreshWorker(worker.create).start({ ...options, [allowInsecureLoopback]: true }, report)
    expect(worker.made).toHaveLength(0)
    await ask(from, target)
    expect(worker.made).toHaveLength(1)
    await ask(from, {})
    expect(worker.made).toHaveLength(2)
    expect(worker.heard).toEqual([
      { version: 1, options, insecureLoopback: true, from, target },
      { version: 1, options, insecureLoopback: true, from, target: {} },
    ])
    expect(reports).toEqual([])
  })

  it('RT-10: a page that only joins says nothing, and nothing it meets there is its business', async () => {
    const worker = workers(() => true)
    close = worker.close
    refreshWorker(worker.create).start(options, report).join()
    expect(worker.made).toHaveLength(1)
    const denied = () => {
      throw new Error('denied')
    }
    refreshWorker(denied).start(options, report).join()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect([worker.heard, reports]).toEqual([[], []])
  })

  it('what belongs to the page alone does not keep it from asking', async () => {
    const worker = workers(() => true)
    close = worker.close
    const agent = { authorize: async () => '', callbackUrl: () => undefined }
    const lifecycle = { isOnline: () => true, isVisible: () => true, subscribe: () => () => {} }
    const own = refreshWorker(worker.create)
    const endSessionParams = () => ({})
    const metadata = metadataFrom({ url: 'https://as.example/common' })
    const pageOptions = { ...options, metadata, userAgent: agent, lifecycle, endSessionParams, refreshWorker: own }
    const push = pushedAuthorizationRequests()
    await own.start({ ...pageOptions, pushedAuthorizationRequests: push }, report)(from, target)
    expect(reports).toEqual([])
    expect(worker.heard).toEqual([{ version: 1, options, metadataFrom: metadata.options, from, target }])
  })

  it.each<[string, () => SharedWorker, object]>([
    ['there is no SharedWorker', () => new (Reflect.get(globalThis, 'NoSharedWorker'))(), {}],
    ['an option cannot be cloned', workers(() => true).create, { fetch: async () => new Response() }],
    [
      'a port of its own cannot be cloned',
      workers(() => true).create,
      { store: { get: async () => {}, swap: async () => true } },
    ],
  ])('%s: it says so, and the page goes on at once', async (_, create, more) => {
    await refreshWorker(create).start({ ...options, ...more }, report)(from, target)
    expect(reports).toEqual(['worker_unavailable'])
  })

  it('the worker cannot do it: it says so', async () => {
    const worker = workers(() => false)
    close = worker.close
    await refreshWorker(worker.create).start(options, report)(from, target)
    expect(reports).toEqual(['worker_unavailable'])
  })

  it('the script cannot be loaded, or the content policy forbids it: it says so', async () => {
    const worker = workers(() => undefined)
    close = worker.close
    const ask = refreshWorker(worker.create).start(options, report)
    // No time passes: it does not wait for an answer that cannot come.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const asked = ask(from, target)
    worker.made[0]?.onerror?.(new Event('error') as ErrorEvent)
    await asked
    expect(reports).toEqual(['worker_unavailable'])
  })

  it('COO-04: no answer: after 3 s the page goes on, and a late answer changes nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const worker = workers(() => undefined)
    close = worker.close
    const settled = vi.fn()
    const ask = refreshWorker(worker.create).start(options, report)
    const asked = ask(from, target).then(settled)
    await vi.advanceTimersByTimeAsync(2_999)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await asked
    expect(reports).toEqual(['worker_unavailable'])
    worker.made[0]?.port.onmessage?.(new MessageEvent('message', { data: true }))
    expect(vi.getTimerCount()).toBe(0)
  })

  it('an answer leaves no timer and no open port', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const worker = workers(() => true)
    close = worker.close
    await refreshWorker(worker.create).start(options, report)(from, target)
    expect(vi.getTimerCount()).toBe(0)
    const closed = new Promise((resolve) => worker.ends[1]?.addEventListener('close', resolve))
    await closed
  })
})
