import { headers } from 'next/headers'
import { connection } from 'next/server'
import { Suspense } from 'react'
import { backend, notesUrl } from '../../bff'
import { FollowSession } from '../follow-session'
import { Welcome } from '../welcome'

/** A page that the server renders for the person who opens it. */
export default function Page() {
  return (
    <Suspense fallback={<p>One moment</p>}>
      <Overview />
    </Suspense>
  )
}

async function Overview() {
  await connection() // renders again for each request
  const visitor = backend().visitor((await headers()).get('cookie'))
  const { session } = await visitor.session()
  if (!session)
    return (
      <>
        <FollowSession />
        <Welcome />
      </>
    )

  const response = await visitor.fetch(notesUrl())
  const { notes } = (await response.json()) as { readonly notes: readonly string[] }
  return (
    <main>
      <FollowSession subject={session.subject} />
      <h1>{`${session.subject} has ${notes.length} notes`}</h1>
    </main>
  )
}
