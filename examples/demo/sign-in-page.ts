/** The people of the demo. */
export const accounts = [
  { id: 'alice', name: 'Alice Moreau', email: 'alice@example.com' },
  { id: 'bob', name: 'Bob Okafor', email: 'bob@example.com' },
] as const

/** The headers of the authorization server's own pages: nothing but their one style and an empty icon, nobody may frame them. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
}

/** The page where a person says who they are. */
export const signInPage = () =>
  page(
    'Sign in',
    `<p class="hint">The demo's authorization server. Nobody needs a password here.</p>
    <form method="post">
      ${accounts
        .map(
          ({ id, name, email }) => `<button name="account" value="${id}">
        <span class="face ${id}" aria-hidden="true">${name[0]}</span>
        <span><strong>Continue as ${name.split(' ')[0]}</strong><small>${email}</small></span>
      </button>`,
        )
        .join('\n      ')}
      <button class="quiet" name="account" value="">Cancel</button>
    </form>`,
  )

/** A page that says what went wrong, or that all is done. */
export const messagePage = (title: string, text: string) => page(title, `<p class="hint">${escaped(text)}</p>`)

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const page = (title: string, body: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title} · demo authorization server</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/sign-in.css">
  </head>
  <body>
    <main>
    <h1>${title}</h1>
    ${body}
    </main>
  </body>
</html>
`

/** The style of these pages. */
export const signInStyle = `
:root { color-scheme: light dark; --ground: #f3f4f7; --card: #fff; --ink: #171c26; --soft: #5a6375; --line: #d5d9e2; --accent: #2457c5 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --card: #161c26; --ink: #e8ecf3; --soft: #9aa5b8; --line: #2c3544; --accent: #8fb3ff }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 24rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px }
h1 { margin: 0; font-size: 1.5rem; letter-spacing: -.02em }
.hint { margin: .25rem 0 1.5rem; color: var(--soft) }
form { display: grid; gap: .75rem }
button { display: flex; gap: .9rem; align-items: center; width: 100%; padding: .75rem .9rem; font: inherit; text-align: left;
  color: inherit; background: none; border: 1px solid var(--line); border-radius: 10px; cursor: pointer }
button:hover { border-color: var(--accent) }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
strong, small { display: block } small { color: var(--soft) }
.face { display: grid; place-items: center; flex: none; width: 2.5rem; height: 2.5rem; border-radius: 50%; color: #fff; font-weight: 700 }
.alice { background: #2457c5 } .bob { background: #9a4a00 }
.quiet { justify-content: center; border-color: transparent; color: var(--soft) }
`
