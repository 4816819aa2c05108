import { expect, it } from 'vitest'
import { listenerSet } from '../../src/session/listener-set.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

it('each listener hears it in a turn of its own, and the fault of one is its own', async () => {
  const set = listenerSet<number>()
  const heard: string[] = []
  set.add(() => {
    throw new Error('of a listener')
  })
  set.add(() => Promise.reject(new Error('of a listener')))
  set.add((value) => heard.push(`a${value}`))
  set.add((value) => heard.push(`b${value}`))
  set.tell(1)
  expect(heard).toEqual([])
  await turn()
  expect(heard).toEqual(['a1', 'b1'])
})

it('who was removed hears no more, not even what is on its way', async () => {
  const set = listenerSet<number>()
  const heard: number[] = []
  const remove = set.add((value) => heard.push(value))
  set.tell(1)
  await turn()
  set.tell(2)
  remove()
  set.tell(3)
  await turn()
  expect(heard).toEqual([1])
})

it('the same listener added twice hears twice, and removing one leaves the other', async () => {
  const set = listenerSet<number>()
  const heard: number[] = []
  const listen = (value: number) => heard.push(value)
  const remove = set.add(listen)
  set.add(listen)
  set.tell(1)
  await turn()
  remove()
  set.tell(2)
  await turn()
  expect(heard).toEqual([1, 1, 2])
})
