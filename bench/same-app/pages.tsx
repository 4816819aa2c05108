import { type ReactElement, useEffect, useState } from 'react'

// What both apps have in common: what a person sees, and where the servers are. Nothing here knows of tokens.
export const { issuer = '', api = '' } = document.documentElement.dataset

/** For people who are not signed in. */
export function Welcome({ onSignIn }: { readonly onSignIn: () => void }): ReactElement {
  return (
    <button type="button" onClick={onSignIn}>
      Sign in
    </button>
  )
}

/** What the API knows of the person, and what `load` fetches. */
export interface NotesProps {
  readonly person: string | undefined
  readonly load: (url: string) => Promise<Response>
  readonly onSignOut: () => void
}

/** What the API knows of the person. */
export function Notes({ person, load, onSignOut }: NotesProps): ReactElement {
  const [notes, setNotes] = useState<readonly string[]>([])
  // Once for each person.
  useEffect(() => {
    void load(`${api}/notes`)
      .then((response) => response.json())
      .then(({ notes }) => setNotes(notes))
  }, [person])

  return (
    <main>
      <h1>Notes of {person}</h1>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
      <button type="button" onClick={onSignOut}>
        Sign out
      </button>
    </main>
  )
}
