import { TokenManagerError } from '../errors.ts'
import { lacking, union } from '../session/scope.ts'
import { asJson } from './as-json.ts'
import type { BffSettings } from './bff-settings.ts'
import type { TokenAnswer } from './page-answers.ts'
import { Refused } from './refusal.ts'

/** The longest request that is read, in characters. */
const LIMIT = 4_096

/**
 * Gives the page an access token for one of the resources in the option `pageTokens`. It never gives a refresh token.
 * @throws Refused 400, 403; TokenManagerError if no such token can be had
 */
export async function pageToken(
  request: Request,
  account: string,
  { sessions, pageTokens }: BffSettings,
): Promise<Response> {
  const { resource, audience, scope } = await wanted(request)
  const listed = pageTokens.find((one) => one.resource === resource && one.audience === audience)
  if (!listed) throw notListed('No token for this resource is listed for the page')

  const asked = union(scope ?? listed.scope)
  if (lacking(asked, listed.scope)) throw notListed('More scope is asked for than is listed for the page')

  const token = await sessions.get(account).getAccessToken({ resource, audience, scope: asked })
  // The backend has the key. The page could not make proofs with it.
  if (token.type !== 'Bearer')
    throw new TokenManagerError(
      'ERR_UNSUPPORTED',
      'unsupported_flow',
      'A token that is bound to a key is of no use to the page',
    )
  if (lacking(token.scope, asked))
    throw new TokenManagerError(
      'ERR_RESPONSE_INVALID',
      'invalid_scope',
      'The server gave the token more scope than was asked for',
    )

  const { value, expiresAt } = token
  return asJson({ value, type: 'Bearer', expiresAt, scope: token.scope, resource } satisfies TokenAnswer)
}

function notListed(message: string): Refused {
  const cause = new TokenManagerError('ERR_UNSUPPORTED', 'unsupported_flow', message)
  return new Refused(403, 'ERR_UNSUPPORTED', cause.message, {}, cause)
}

interface Wanted {
  readonly resource: string | undefined
  readonly audience: string | undefined
  readonly scope: string | undefined
}

async function wanted(request: Request): Promise<Wanted> {
  const form = new URLSearchParams(await textOf(request))
  const one = (name: string) => {
    const [value, ...more] = form.getAll(name)
    if (more.length > 0) throw new Refused(400, 'invalid_request', `${name} has to be there once`)

    return value
  }

  return { resource: one('resource'), audience: one('audience'), scope: one('scope') }
}

async function textOf(request: Request): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of request.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > LIMIT) throw new Refused(413, 'body_too_large', `The body has more than ${LIMIT} bytes`)
  }
  return text
}
