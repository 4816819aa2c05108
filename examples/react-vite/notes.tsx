import { type ReactElement, useEffect, useState } from 'react'
import { useSession, useTokenManager } from 'tokenward/react'
import { notesUrl } from './app-tokens.ts'

/** The notes of the person. */
export function Notes(): ReactElement {
  const state = useSession()
  const { fetch, signOut } = useTokenManager()
  const [notes, setNotes] = useState<readonly string[]>([])
  const [problem, setProblem] = useState('')

  useEffect(() => {
    const controller = new AbortController()
    const load = async () => {
      const response = await fetch(notesUrl, { signal: controller.signal })
      const { notes } = (await response.json()) as { readonly notes: readonly string[] }
      setNotes(notes)
    }
    load().catch((error: Error) => !controller.signal.aborted && setProblem(error.message))
    return () => controller.abort()
  }, [fetch])

  return (
    <main>
      <h1>Notes of {state.status === 'signedIn' && state.session.subject}</h1>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
      <p role="alert">{problem}</p>
    </main>
  )
}
