/** What the person's browser is told. `'refused'`: the authorization server answered with an error. */
export type LandingOutcome = 'answered' | 'refused'

const texts: Readonly<Record<LandingOutcome, readonly [title: string, text: string]>> = {
  answered: ['Done', 'You can close this window and go back to the program.'],
  refused: ['Not signed in', 'You can close this window. The program says what happened.'],
}

/** The page a person lands on after the sign-in. There is nothing in it but the words. */
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

/** For every answer of the loopback server: no script, nothing from elsewhere, nothing kept, and no address told to anyone. */
export const landingHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  connection: 'close',
} as const
