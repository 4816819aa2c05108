import { afterEach, describe, expect, it, vi } from 'vitest'
import { availableChannel } from '../../src/browser/available-channel.ts'
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

channelContract('broadcastChannel', () => ({ contexts: [broadcastChannel(), broadcastChannel()], settle }))
channelContract('availableChannel', () => {
  const create = () => availableChannel(expect.unreachable)
  return { contexts: [create(), create()], settle }
})

describe('broadcastChannel', () => {
  it('COO-12: hears nothing while the page is away, and again once it is back', async () => {
    const target = page()
    const heard = hears(broadcastChannel())
    const other = broadcastChannel()
    target.dispatchEvent(transition('pagehide', true))
    other.post('n', 1)
    await settle()
    target.dispatchEvent(transition('pageshow', true))
    other.post('n', 2)
    await settle()
    expect(heard).toEqual([2])
  })

  it('stays open when the page is shown for the first time', async () => {
    const target = page()
    const channel = broadcastChannel()
    const heard = hears(channel)
    target.dispatchEvent(transition('pageshow', false))
    broadcastChannel().post('n', 1)
    await settle()
    expect(heard).toEqual([1])
  })

  it('COO-12: tells others even while the page is being left', async () => {
    const target = page()
    const leaving = broadcastChannel()
    hears(leaving)
    target.dispatchEvent(transition('pagehide', false))
    vi.unstubAllGlobals()
    const heard = hears(broadcastChannel())
    leaving.post('n', 'signed out')
    await settle()
    expect(heard).toEqual(['signed out'])
  })

  it('listens to the page only while somebody listens to it', () => {
    const target = page()
    const add = vi.spyOn(target, 'addEventListener')
    const remove = vi.spyOn(target, 'removeEventListener')
    vi.stubGlobal('addEventListener', add.bind(target))
    vi.stubGlobal('removeEventListener', remove.bind(target))
    const channel = broadcastChannel()
    channel.post('n', 1)
    expect(add).not.toHaveBeenCalled()
    const first = channel.subscribe('a', () => {})
    const second = channel.subscribe('b', () => {})
    expect(add).toHaveBeenCalledTimes(2)
    first()
    expect(remove).not.toHaveBeenCalled()
    second()
    expect(remove.mock.calls.map(([type]) => type)).toEqual(add.mock.calls.map(([type]) => type))
  })

  it('COO-11: passes on what others on the origin send, whatever it is, for the hearer to judge', async () => {
    const heard = hears(broadcastChannel())
    const forger = new BroadcastChannel('n')
    for (const message of [null, 7, { type: {} }, ['x']]) forger.postMessage(message)
    await settle()
    forger.close()
    expect(heard).toEqual([null, 7, { type: {} }, ['x']])
  })
})

describe('availableChannel', () => {
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
  ])('STO-09: is silent where channels are %s, and says so once', (_, value) => {
    vi.stubGlobal('BroadcastChannel', value)
    const report = vi.fn()
    const channel = availableChannel(report)
    expect(report).not.toHaveBeenCalled()
    channel.post('n', 1)
    channel.subscribe('n', () => {})()
    expect(report.mock.calls).toEqual([['channel_unavailable']])
  })
})
