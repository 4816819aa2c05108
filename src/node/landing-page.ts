/** What the page says. `'answered'`: the person has come back. `'refused'`: the authorization server answered with an error. */
export type LandingOutcome = 'answered' | 'refused'

const texts: Readonly<Record<LandingOutcome, readonly [title: string, text: string]>> = {
  answered: ['Done', 'You can close this window and go back to the program.'],
  refused: ['Not signed in', 'You can close this window. The program says what happened.'],
}

/** The page that the person sees after the sign-in. It has only text. */
export function landingPage(outcome: LandingOutcome): string {
  const [title, text] = texts[outcome]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
body { display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 1rem; text-align: center }
</style>
<h1>${title}</h1>
<p>${text}</p>
</html>
`
}

/** The header fields of every answer of the loopback server. They forbid scripts, content from elsewhere, caching, and sending the address. */
export const landingHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  connection: 'close',
} as const
