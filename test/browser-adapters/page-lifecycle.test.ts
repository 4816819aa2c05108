// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from 'vitest'
import { pageLifecycle } from '../../src/browser/page-lifecycle.ts'
import type { LifecycleEvent } from '../../src/ports.ts'
import { lifecycleContract } from '../contracts/lifecycle.ts'

afterEach(() => void vi.restoreAllMocks())

function show(persisted: boolean): void {
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted }))
}

lifecycleContract('pageLifecycle', () => {
  const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible')
  const onLine = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(true)
  return {
    lifecycle: pageLifecycle,
    setOnline(online) {
      onLine.mockReturnValue(online)
      window.dispatchEvent(new Event(online ? 'online' : 'offline'))
    },
    setVisible(visible) {
      visibility.mockReturnValue(visible ? 'visible' : 'hidden')
      document.dispatchEvent(new Event('visibilitychange'))
    },
    freeze: () => void document.dispatchEvent(new Event('freeze')),
    resume: () => void document.dispatchEvent(new Event('resume')),
  }
})

it('COO-12: takes a return from the back/forward cache for a resume, and a first showing for nothing', () => {
  const heard: LifecycleEvent[] = []
  const undo = pageLifecycle.subscribe((event) => heard.push(event))
  show(false)
  window.dispatchEvent(new Event('pagehide'))
  show(true)
  undo()
  expect(heard).toEqual(['frozen', 'resumed'])
})

it('COO-12: takes the focus of its window for a showing, and the focus of what is in it for nothing', () => {
  const heard: LifecycleEvent[] = []
  const undo = pageLifecycle.subscribe((event) => heard.push(event))
  const input = document.body.appendChild(document.createElement('input'))
  input.dispatchEvent(new Event('focus'))
  expect(heard).toEqual([])
  window.dispatchEvent(new Event('focus'))
  undo()
  expect(heard).toEqual(['visible'])
})

it('listens to the page only while somebody listens to it', () => {
  const add = vi.spyOn(window, 'addEventListener')
  const watching = () => add.mock.calls.some(([, , options]) => !(options as AddEventListenerOptions).signal!.aborted)
  const lifecycle = pageLifecycle
  expect(add).not.toHaveBeenCalled()
  const first = lifecycle.subscribe(() => {})
  const second = lifecycle.subscribe(() => {})
  first()
  expect(watching()).toBe(true)
  second()
  expect(watching()).toBe(false)
})
