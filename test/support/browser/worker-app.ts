import { expect } from 'vitest'
import type { AuthorizationServer } from '../../../examples/demo/authorization-server.ts'
import type { Chromium } from './chromium.ts'
import { createTab, type Tab } from './tab.ts'
import { waitFor } from './wait-for.ts'

async function openTab(chromium: Chromium, url: string, browserContextId: string): Promise<Tab> {
  const { targetId } = await chromium.send<{ targetId: string }>('Target.createTarget', { url, browserContextId })
  const attached = await chromium.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
  return createTab(chromium, targetId, attached.sessionId)
}

const press = (tab: Tab, id: string) => tab.click((id) => document.getElementById(id)?.click(), id)
const shows = (tab: Tab, status: string) =>
  tab.until((status) => document.querySelector('#status')?.textContent === status, status)

/** Goes through an example whose refresh is a worker's: the tab that asked for it is closed meanwhile, and the session lives on. */
export async function driveWorkerApp(chromium: Chromium, origin: string, server: AuthorizationServer): Promise<void> {
  const { browserContextId } = await chromium.send<{ browserContextId: string }>('Target.createBrowserContext')
  const first = await openTab(chromium, `${origin}/`, browserContextId)
  await shows(first, 'signedOut')
  await press(first, 'sign-in')
  await first.until(() => location.pathname === '/callback')
  await shows(first, 'signedIn')
  const second = await openTab(chromium, `${origin}/`, browserContextId)
  await shows(second, 'signedIn')

  server.reset()
  server.setLatency(300, 'after')
  await press(first, 'refresh')
  const refreshes = () => server.requests.filter(({ grantType }) => grantType === 'refresh_token').length
  await waitFor(() => refreshes() === 1)
  await first.close()
  await press(second, 'refresh')
  await shows(second, 'refreshed')
  expect(refreshes()).toBe(1)
  expect(server.reuseCount).toBe(0)
}
