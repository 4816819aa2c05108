import type { Page } from 'playwright-core'
import type { BesideStage } from './check.ts'

/** What a person and a thief do with the same page twice: with tokens in it, and with a backend that keeps them. */
export async function besideStory({ ways, open, step, complaints }: BesideStage): Promise<void> {
  const page = await open()
  const both = async (part: string) => {
    const texts = await page.locator(`[data-part=${part}]`).allTextContents()
    return texts.join(' / ')
  }

  await step('Open the page with two sides', 'Signed out / Signed out', async () => {
    await settled(page, 'signedOut')
    return both('who')
  })
  await step('Sign in on both', 'Signed in as Alice Moreau / Signed in as Alice Moreau', async () => {
    await side(page, 'in-the-page').getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Continue as Alice' }).click()
    await page.locator('#in-the-page[data-status=signedIn]').waitFor()
    // The authorization server knows Alice by now.
    await side(page, 'in-the-backend').getByRole('button', { name: 'Sign in' }).click()
    await settled(page, 'signedIn')
    return both('who')
  })
  await step('Call the API on both', 'The API answered. / The API answered.', async () => {
    for (const name of ['in-the-page', 'in-the-backend']) {
      await side(page, name).getByRole('button', { name: 'Call the API' }).click()
      await side(page, name).getByText('The API answered').waitFor()
    }
    return both('said')
  })
  await step('Let a thief in: tokens in the page', 'access token 200, refresh token 200', async () => {
    await page.getByRole('button', { name: 'Let the thief in' }).click()
    await side(page, 'in-the-backend').getByText('The thief').waitFor()
    const told = (await side(page, 'in-the-page').locator('[data-part=loot]').textContent()) ?? ''
    const used = [...told.matchAll(/the (\w+ token): elsewhere [\w ]+ (\d{3})/g)]
    return used.map(([, what, status]) => `${what} ${status}`).join(', ') || told
  })
  await step(
    '… no token in the page',
    'The thief found nothing to take away.',
    async () => (await side(page, 'in-the-backend').locator('[data-part=loot]').textContent()) ?? '',
  )
  await step('Log out everywhere', 'no token in the page: Signed out', async () => {
    await ways.authorizationServer.logOutEverywhere()
    await page.locator('#in-the-backend[data-status=signedOut]').waitFor()
    return `no token in the page: ${await side(page, 'in-the-backend').locator('[data-part=who]').textContent()}`
  })
  await step('Listen to the consoles', 'nothing', async () => complaints.join(' | ') || 'nothing')
}

const side = (page: Page, id: string) => page.locator(`#${id}`)

async function settled(page: Page, status: 'signedIn' | 'signedOut') {
  for (const id of ['in-the-page', 'in-the-backend']) await page.locator(`#${id}[data-status=${status}]`).waitFor()
}
