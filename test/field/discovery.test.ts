import { describe, expect, it } from 'vitest'
import type { NodeTokenManagerOptions } from '../../src/node/index.ts'
import * as providers from '../../src/providers/index.ts'
import { clientOf, rowsOf } from './client.ts'

const { auth0, cognito, entra, entraB2c, github, google, keycloak } = providers
const { betterAuth, djangoOauthToolkit, doorkeeper, glewlwyd, lemonldap } = providers

const presets = {
  ...{ auth0, betterAuth, cognito, djangoOauthToolkit, doorkeeper, entra },
  ...{ entraB2c, github, glewlwyd, google, keycloak, lemonldap },
}

interface Row {
  readonly provider: string
  readonly preset?: keyof typeof presets
  readonly given?: Readonly<Record<string, string>>
  readonly options?: NodeTokenManagerOptions
  /** Where the document lies, and what it is; `null`: there is none. */
  readonly url?: string
  readonly document: Readonly<Record<string, unknown>> | null
  readonly callback?: Readonly<Record<string, string>>
  readonly tokenEndpoint?: string
  /** What the ID tokens say of whom they are from. */
  readonly accepted: readonly Readonly<Record<string, unknown>>[]
  readonly refused: readonly Readonly<Record<string, unknown>>[]
  /** The parameters of the URL that ends the session; `false`: there is none. */
  readonly endSession: readonly string[] | false
}

const answers = [{ access_token: 'at', token_type: 'Bearer', expires_in: 3_600 }]

function optionsOf({ preset, given, options }: Row): NodeTokenManagerOptions {
  if (!preset) return options as NodeTokenManagerOptions
  return (presets[preset] as (given: unknown) => NodeTokenManagerOptions)(given)
}

describe.each(rowsOf<Row>('discovery.json'))('the metadata of $provider', (row) => {
  const options = optionsOf(row)
  const { url = '', document, callback = {}, endSession } = row
  const client = (idToken?: Readonly<Record<string, unknown>>) =>
    clientOf({ documents: { [url]: document }, callback, answers, idToken }, options)

  it.each(row.accepted.length ? row.accepted : [undefined])('signs people in (%j)', async (idToken) => {
    const { manager, urls } = client(idToken)
    expect(await manager.signIn()).toMatchObject({ status: 'signedIn' })
    const token = row.tokenEndpoint ?? document?.token_endpoint
    expect(urls).toEqual(document ? [url, token] : [token])
  })

  it.each(row.refused)('refuses an ID token of %j', async (idToken) => {
    const { manager } = client(idToken)
    await expect(manager.signIn()).rejects.toMatchObject({ reason: 'id_token_iss' })
  })

  it('ends the session there as it wants to be asked', async () => {
    const { manager } = client(row.accepted[0])
    await manager.signIn()
    const { endSessionUrl } = await manager.signOut({ endSession: true })
    if (!endSession) return expect(endSessionUrl).toBeUndefined()

    const { searchParams } = new URL(endSessionUrl ?? '')
    expect([...searchParams.keys()].sort()).toEqual(endSession)
    const place = endSession.find((name) => /redirect|logout_uri|returnTo/.test(name)) ?? ''
    expect(searchParams.get(place)).toBe('https://app.example/bye')
  })
})
