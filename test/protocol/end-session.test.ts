import { describe, expect, it } from 'vitest'
import { endSessionUrl } from '../../src/protocol/end-session.ts'
import { clientOf, idToken, metadataAt } from './scripted-server.ts'

const origin = 'https://as.example'

describe('endSessionUrl', () => {
  it('REV-08: holds the hint, an expired one too, client_id, and the exact URI, beside the endpoint’s own query', async () => {
    const metadata = metadataAt(origin, { end_session_endpoint: `${origin}/logout?tenant=a` })
    const hint = idToken({ exp: 1 })
    const url = await endSessionUrl(clientOf({ origin }, { metadata }), hint, {
      postLogoutRedirectUri: 'https://app.example/bye?x=1',
    })
    expect(url?.startsWith(`${origin}/logout?tenant=a&`)).toBe(true)
    expect(Object.fromEntries(new URL(url ?? '').searchParams)).toEqual({
      tenant: 'a',
      client_id: 'spa',
      id_token_hint: hint,
      post_logout_redirect_uri: 'https://app.example/bye?x=1',
    })
  })

  it('REV-08: leaves out what is not there', async () => {
    expect(await endSessionUrl(clientOf({ origin }), undefined, {})).toBe(`${origin}/logout?client_id=spa`)
  })

  it('sends what a server with a logout of its own wants, and nothing else', async () => {
    const url = await endSessionUrl(clientOf({ origin }), idToken({ exp: 1 }), {
      postLogoutRedirectUri: 'https://app.example/bye',
      endSessionParams: ({ client_id, post_logout_redirect_uri: logout_uri }) => ({
        client_id,
        logout_uri,
        federated: 'true',
        nothing: undefined,
      }),
    })
    expect(Object.fromEntries(new URL(url ?? '').searchParams)).toEqual({
      client_id: 'spa',
      logout_uri: 'https://app.example/bye',
      federated: 'true',
    })
  })

  it.each([undefined, 'http://as.example/logout'])(
    'there is none when the endpoint is %s',
    async (end_session_endpoint) => {
      const metadata = metadataAt(origin, { end_session_endpoint }) as never
      expect(await endSessionUrl(clientOf({ origin }, { metadata }), undefined, {})).toBeUndefined()
    },
  )
})
