import { Refusal } from './access-token-error.ts'
import { remedy } from './foreign-dialect.ts'
import { shown } from './found.ts'
import type { Issuer } from './issuer.ts'
import { typeOf } from './token-dialect.ts'

/**
 * Checks that the token is an access token, and not another kind of token of the same issuer.
 * @param typ the `typ` in the header, which may be anything
 * @throws Refusal `type_wrong`
 */
export function checkKind(typ: unknown, claims: Readonly<Record<string, unknown>>, { issuer, dialect }: Issuer): void {
  const { types, requiredValues } = dialect
  const type = typeOf(typ)
  if (!types.includes(type)) {
    const wanted = types.map((one) => one ?? 'none').join(', ')
    throw wrong(`typ is ${shown(typ)}, wanted ${wanted}`, 'types')
  }
  for (const [name, values] of requiredValues)
    if (!values.includes(claims[name] as string))
      throw wrong(`${name} is ${shown(claims[name])}, wanted ${values.join(' or ')}`, 'requiredValues')

  // With another type, only the claims can show what kind of token it is.
  if (type !== 'at+jwt') checkMarks()

  function checkMarks(): void {
    const { refusedClaims, names } = dialect
    const refused = refusedClaims.find((name) => Object.hasOwn(claims, name))
    if (refused !== undefined) throw wrong(`it has ${refused}, as tokens of other kinds have`, 'refusedClaims')

    const hasOwnMark = [names.client, names.scope].some((name) => Object.hasOwn(claims, name))
    const isOfAccess = requiredValues.length > 0 || hasOwnMark
    if (!isOfAccess)
      throw wrong(`it has neither ${names.client} nor ${names.scope}, as ID tokens have neither`, 'claims')
  }

  function wrong(found: string, option: string): Refusal {
    return new Refusal('type_wrong', `${found}; ${remedy(issuer, claims, option)}`)
  }
}

/** The names of other kinds of tokens. Ory Hydra puts them into `token_use`, other servers into `token_type`. */
const OTHER_USE = /refresh|id_?token|offline/i

/**
 * Checks that an introspection answer is about an access token. A server also says of a refresh token that it is active, and a refresh token
 * must not be accepted here.
 * @throws Refusal `type_wrong`
 */
export function checkAnswerKind({ token_use, token_type }: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries({ token_use, token_type }))
    if (typeof value === 'string' && OTHER_USE.test(value))
      throw new Refusal('type_wrong', `${name} of the introspection answer is ${shown(value)}`)
}
