// What a careful page might write itself: one record in IndexedDB, one Web Lock around the refresh, and nothing else: no sealing, no
// lease for a lock that is lost, no word to the other tabs, no back-off.
import { createStore, get, set } from 'idb-keyval'

const { origin } = location
let store
let known
let running

export const name = 'by hand'

export async function begin({ accessToken, refreshToken, expiresAt }) {
  open()
  await set('session', { accessToken, refreshToken, expiresAt }, store)
}

export function open() {
  store = createStore('by-hand', 'tokens')
}

export async function token() {
  if (isFresh(known)) return known.accessToken
  running ??= navigator.locks.request('refresh', refreshed).finally(() => {
    running = undefined
  })
  known = await running
  return known.accessToken
}

async function refreshed() {
  const stored = await get('session', store)
  if (isFresh(stored)) return stored

  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: stored.refreshToken,
    client_id: 'page',
  })
  const response = await fetch(`${origin}/token`, { method: 'POST', body })
  if (!response.ok) throw new Error(`${response.status}`)
  const answer = await response.json()
  const next = {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresAt: Date.now() + answer.expires_in * 1000,
  }
  await set('session', next, store)
  return next
}

const isFresh = (session) => session !== undefined && session.expiresAt > Date.now()
