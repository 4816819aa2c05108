import { type TokenManager, TokenManagerError } from 'tokenward/browser'
import type { Found, Tried } from './places.ts'
import { thief } from './thief.ts'

/** One side of the page: all that it knows of the other is that it is the same code. */
export interface Side {
  /** Reads what there is to steal on this side, and has it used elsewhere. */
  rob(): Promise<void>
}

/** Brings one side to life. Both have this code; `tokens` and the API's URL alone differ. */
export function openSide(element: HTMLElement, tokens: TokenManager, api: string): Side {
  const part = (name: string) => element.querySelector(`[data-part=${name}]`) as HTMLElement
  const [who, said, loot] = ['who', 'said', 'loot'].map(part) as [HTMLElement, HTMLElement, HTMLElement]

  part('sign-in').onclick = () => tokens.signIn({ returnTo: '/' })
  part('sign-out').onclick = () => tokens.signOut()
  part('call').onclick = async () => {
    said.textContent = await called()
  }
  tokens.subscribe((state) => {
    element.dataset.status = state.status
    part('sign-in').hidden = state.status !== 'signedOut'
    for (const name of ['sign-out', 'call']) part(name).hidden = state.status !== 'signedIn'
    if (state.status === 'loading') who.textContent = 'Starting…'
    if (state.status === 'signedOut') who.textContent = 'Signed out'
    if (state.status === 'signedIn') who.textContent = `Signed in as ${state.session.claims?.name}`
  })

  return {
    async rob() {
      const found = await thief(tokens, api)
      const tried: Tried = await (await fetch('/thief', { method: 'POST', body: JSON.stringify(found) })).json()
      loot.textContent = told(found, tried)
    },
  }

  async function called(): Promise<string> {
    try {
      const response = await tokens.fetch(api)
      return response.ok ? 'The API answered.' : `The API answered ${response.status}.`
    } catch (error) {
      return error instanceof TokenManagerError ? `No answer: ${error.code}.` : 'No answer.'
    }
  }
}

function told({ accessToken, refreshToken }: Found, tried: Tried): string {
  const found = [
    accessToken && `the access token: elsewhere the API answers it ${tried.accessToken}`,
    refreshToken && `the refresh token: elsewhere the server answers it ${tried.refreshToken}`,
  ].filter(Boolean)
  return found.length > 0 ? `The thief found ${found.join(', and ')}.` : 'The thief found nothing to take away.'
}
