import { expect, it } from 'vitest'
import { alwaysOnline } from '../../src/in-process/always-online.ts'
import { noChannel } from '../../src/in-process/no-channel.ts'
import { channelContract } from '../contracts/channel.ts'
import { lifecycleContract } from '../contracts/lifecycle.ts'
import { channelHub } from '../support/channel-hub.ts'
import { manualLifecycle } from '../support/manual-lifecycle.ts'

channelContract('channelHub', () => {
  const hub = channelHub()
  return { contexts: [hub.context(), hub.context()], settle: hub.settle }
})

lifecycleContract('manualLifecycle', () => {
  const lifecycle = manualLifecycle()
  return { lifecycle, ...lifecycle }
})

it('noChannel reaches nobody', () => {
  const heard: unknown[] = []
  const undo = noChannel.subscribe('n', (message) => heard.push(message))
  noChannel.post('n', 1)
  undo()
  expect(heard).toEqual([])
})

it('alwaysOnline is online, visible and silent', () => {
  const undo = alwaysOnline.subscribe(() => expect.unreachable())
  undo()
  expect([alwaysOnline.isOnline(), alwaysOnline.isVisible()]).toEqual([true, true])
})

it('channelHub loses and holds messages as told', async () => {
  const hub = channelHub()
  const heard: unknown[] = []
  hub.context().subscribe('n', (message) => heard.push(message))
  const sender = hub.context()
  hub.mode = 'drop'
  sender.post('n', 1)
  hub.mode = 'hold'
  sender.post('n', 2)
  await hub.settle()
  expect(heard).toEqual([])
  await hub.release()
  expect(heard).toEqual([2])
  expect(hub.posted.map(({ message }) => message)).toEqual([1, 2])
})
