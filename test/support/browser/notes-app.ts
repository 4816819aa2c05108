import type { Browser, BrowserContextOptions, Page, Route } from 'playwright-core'
import { expect } from 'vitest'
import type { Api } from '../../../examples/demo/api.ts'
import { faultsOnScreens } from './serious-faults.ts'

/** One of the example apps of the frameworks: all show the notes of a person. */
export interface NotesApp {
  readonly origin: string
  /** Where it shows its button to somebody who asked for `/notes?page=2`. */
  readonly signedOut: string
  readonly api: Api
  /** Whether the authorization server was asked to revoke. */
  readonly isRevoked: () => boolean
  /** Whether its page hears what became of a sign-in, and says so. Default true. */
  readonly tellsOfFailure?: boolean
  readonly contextOptions?: BrowserContextOptions
}

const timeout = 20_000
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const path = (page: Page) => {
  const { pathname, search } = new URL(page.url())
  return pathname + search
}

/** Has the server refuse the next sign-in that begins on `page`, as if the person had said no there. */
async function refuseOnce(page: Page): Promise<void> {
  const isSignIn = ({ searchParams }: URL) => searchParams.has('code_challenge')
  const refuse = (route: Route) => {
    const { origin, searchParams } = new URL(route.request().url())
    const back = new URL(searchParams.get('redirect_uri') ?? '')
    back.search = `${new URLSearchParams({ error: 'access_denied', state: searchParams.get('state') ?? '', iss: origin })}`
    return route.fulfill({ status: 302, headers: { location: back.href } })
  }
  await page.route(isSignIn, refuse, { times: 1 })
}

/** Goes through it as a person does with two tabs. */
export async function driveNotesApp(
  browser: Browser,
  { origin, signedOut, api, isRevoked, tellsOfFailure = true, contextOptions = {} }: NotesApp,
): Promise<void> {
  const context = await browser.newContext(contextOptions)
  const problems: string[] = []
  const open = async (url: string) => {
    const page = await context.newPage()
    page.on('pageerror', ({ message }) => problems.push(message))
    await page.goto(url)
    return page
  }
  const first = await open(`${origin}/notes?page=2`)
  await button(first, 'Sign in').waitFor({ timeout })
  expect(path(first)).toBe(signedOut)
  expect(api.requests).toEqual([])
  expect(await faultsOnScreens(first)).toEqual([])

  if (tellsOfFailure) {
    await refuseOnce(first)
    await button(first, 'Sign in').click()
    await first.getByText('The sign-in did not work (cancelled).').waitFor({ timeout })
    expect(path(first)).toBe(signedOut)
    expect(await faultsOnScreens(first)).toEqual([])
  }

  await button(first, 'Sign in').click()
  await button(first, 'Sign out').waitFor({ timeout })
  await expect.poll(() => first.getByRole('listitem').count(), { timeout }).toBeGreaterThan(0)
  expect(path(first)).toBe('/notes?page=2')
  expect(await first.getByRole('heading').textContent()).toBe('Notes of alice')
  expect(await faultsOnScreens(first)).toEqual([])

  const second = await open(`${origin}/`)
  await button(second, 'Sign out').waitFor({ timeout })
  expect(path(second)).toBe('/notes')
  await button(second, 'Sign out').click()
  for (const page of [first, second]) await button(page, 'Sign in').waitFor({ timeout })
  expect(path(first)).toBe(signedOut)
  await expect.poll(isRevoked, { timeout }).toBe(true)

  // It stays signed out: nothing signs in by itself.
  await first.reload()
  await button(first, 'Sign in').waitFor({ timeout })
  expect(problems).toEqual([])
  await context.close()
}
