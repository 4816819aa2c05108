import { afterEach, describe, expect, it, vi } from 'vitest'
import { broadcastChannel } from '../../src/browser/broadcast-channel.ts'
import type { Channel } from '../../src/ports.ts'
import { channelContract } from '../contracts/channel.ts'

const settle = () => new Promise<void>((resolve) => setTimeout(resolve, 40))
const undo: (() => void)[] = []

afterEach(() => {
  for (const end of undo.splice(0)) end()
  vi.unstubAllGlobals()
})

function page(): EventTarget {
  const target = new EventTarget()
  vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
  vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target))
  return target
}

function hears(channel: Channel, name = 'n'): unknown[] {
  const heard: unknown[] = []
  undo.push(channel.subscribe(name, (message) => heard.push(message)))
  return heard
}

function transition(type: string, persisted: boolean): Event {
  return Object.assign(new Event(type), { persisted })
}

const create = () => broadcastChannel(expect.unreachable)

channelContract('broadcastChannel', () => ({ contexts: [create(), create()], settle }))

describe('broadcastChannel', () => {
  it('COO-12: hears nothing while the page is away, and again once it is back', async () => {
    const target = page()
    const heard = hears(create())
    const other = create()
    target.dispatchEvent(transition('pagehide', true))
    other.post('n', 1)
    await settle()
    target.dispatchEvent(transition('pageshow', true))
    other.post('n', 2)
    await settle()
    expect(heard).toEqual([2])
  })

  it('goes on hearing after it has told others', async () => {
    const channel = create()
    const heard = hears(channel)
    channel.post('n', 1)
    create().post('n', 2)
    await settle()
    expect(heard).toEqual([2])
  })

  it('stays open when the page is shown for the first time', async () => {
    const target = page()
    const channel = create()
    const heard = hears(channel)
    target.dispatchEvent(transition('pageshow', false))
    create().post('n', 1)
    await settle()
    expect(heard).toEqual([1])
  })

  it('COO-12: tells others even while the page is being left', async () => {
    const target = page()
    const leaving = create()
    hears(leaving)
    target.dispatchEvent(transition('pagehide', false))
    vi.unstubAllGlobals()
    const heard = hears(create())
    leaving.post('n', 'signed out')
    await settle()
    expect(heard).toEqual(['signed out'])
  })

  it('listens to the page only while somebody listens to it', () => {
    const target = page()
    const add = vi.spyOn(target, 'addEventListener')
    vi.stubGlobal('addEventListener', add.bind(target))
    const watching = () => add.mock.calls.some(([, , options]) => !(options as AddEventListenerOptions).signal!.aborted)
    const channel = create()
    channel.post('n', 1)
    expect(add).not.toHaveBeenCalled()
    const first = channel.subscribe('a', () => {})
    const second = channel.subscribe('b', () => {})
    first()
    expect(watching()).toBe(true)
    second()
    expect(watching()).toBe(false)
  })

  it('COO-11: passes on what others on the origin send, whatever it is, for the hearer to judge', async () => {
    const heard = hears(create())
    const forger = new BroadcastChannel('n')
    for (const message of [null, 7, { type: {} }, ['x']]) forger.postMessage(message)
    await settle()
    forger.close()
    expect(heard).toEqual([null, 7, { type: {} }, ['x']])
  })

  it.each([
    ['missing', undefined],
    [
      'denied',
      class {
        constructor() {
          throw new DOMException('opaque origin', 'SecurityError')
        }
      },
    ],
  ])('STO-09: is silent where channels are %s, and says so', (_, value) => {
    vi.stubGlobal('BroadcastChannel', value)
    const report = vi.fn()
    const channel = broadcastChannel(report)
    expect(report).not.toHaveBeenCalled()
    channel.post('n', 1)
    channel.subscribe('n', () => {})()
    expect(report).toHaveBeenCalledWith('channel_unavailable')
  })
})
