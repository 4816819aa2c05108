import { createTokenManager, type SessionState, TokenManagerError } from 'tokenward/bff/page'

const tokens = createTokenManager()
const element = (id: string) => document.getElementById(id) as HTMLElement

element('sign-in').onclick = () => tokens.signIn()
element('sign-out').onclick = async () => {
  const { endSessionUrl } = await tokens.signOut({ endSession: true })
  location.assign(endSessionUrl ?? '/')
}
tokens.subscribe((state) => {
  document.body.dataset.status = state.status
  element('sign-in').hidden = state.status !== 'signedOut'
  element('sign-out').hidden = state.status !== 'signedIn'
  element('who').textContent = described(state)
  if (state.status === 'signedIn') void showNotes()
  else element('notes').replaceChildren()
})

const failed = new URLSearchParams(location.search).get('reason')
if (failed) element('trouble').textContent = `The sign-in failed: ${failed}.`

function described(state: SessionState): string {
  if (state.status === 'loading') return 'Starting…'
  if (state.status === 'signedIn') return `Signed in as ${state.session.claims?.name}`
  return state.reason === 'none' ? 'Signed out' : `Signed out (${state.reason})`
}

async function showNotes() {
  try {
    const response = await tokens.fetch('/api/notes')
    const { notes }: { readonly notes: readonly string[] } = await response.json()
    element('notes').replaceChildren(...notes.map(noteItem))
    element('trouble').textContent = ''
  } catch (error) {
    const code = error instanceof TokenManagerError ? error.code : 'the answer is no list of notes'
    element('trouble').textContent = `No notes: ${code}.`
  }
}

function noteItem(text: string): HTMLLIElement {
  const item = document.createElement('li')
  item.textContent = text
  return item
}
