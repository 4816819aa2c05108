import { describe, expect, it } from 'vitest'
import { wordsOf } from '../../src/protocol/failure.ts'
import type { ParameterList } from '../../src/protocol/parameters.ts'
import { expectLinearTime } from '../support/linear-time.ts'

const secret = 'secret'

interface Row {
  readonly error?: unknown
  readonly description?: unknown
  readonly params?: ParameterList
  readonly words: string
}

const rows: Readonly<Record<string, Row>> = {
  'code and description': {
    error: 'invalid_scope',
    description: 'Unknown: nots',
    words: 'invalid_scope: Unknown: nots',
  },
  'a code alone': { error: 'invalid_scope', words: 'invalid_scope' },
  'a description alone': { description: 'No such client', words: 'No such client' },
  neither: { words: '' },
  'a number as the code': { error: 190, description: 'Expired', words: '190: Expired' },
  'an object with a message as the description': { description: { message: 'Expired' }, words: 'Expired' },
  'anything else as the description': { error: 'x', description: [7], words: 'x' },
  'a code of two words': { error: 'two words', description: 'No', words: 'No' },
  'a code that is too long': { error: 'x'.repeat(65), description: 'No', words: 'No' },
  'only the first line': { description: 'One\nTwo', words: 'One' },
  'only what is before a carriage return': { description: 'One\rTwo', words: 'One' },
  'only what is before the end of a tag': { description: 'One> two', words: 'One' },
  'nothing of a page': { description: 'One <b>two</b>', words: 'One ' },
  'at most 200 characters': { description: 'no '.repeat(100), words: 'no '.repeat(100).slice(0, 200) },
  'nothing that was sent': {
    params: [['code', secret]],
    description: `No ${secret}, no ${secret}`,
    words: 'No …, no …',
  },
  'what was sent, where it is too short for a secret': {
    params: [['scope', 'notes']],
    description: 'Unknown: notes',
    words: 'Unknown: notes',
  },
  'its own words, which an authorization response has sent': {
    params: [
      ['error', 'access_denied'],
      ['error_description', 'User is not assigned'],
    ],
    error: 'access_denied',
    description: 'User is not assigned',
    words: 'access_denied: User is not assigned',
  },
  'nothing long with a digit': { description: 'No abcdefghijklmno1 here', words: 'No … here' },
  'nothing long with a capital': { description: 'No abcdefghijklmnoP here', words: 'No … here' },
  'a long word without either': { description: 'No abcdefghijklmnop here', words: 'No abcdefghijklmnop here' },
  'a shorter word with both': { description: 'AADSTS50076 Abcdefghijklmn1', words: 'AADSTS50076 Abcdefghijklmn1' },
}

describe("of a server's words for an error a message has", () => {
  it.each(Object.entries(rows))('%s', (_, { error, description, params = [], words }) => {
    expect(wordsOf(error, description, params)).toBe(words)
  })

  it.each(['a', 'a ', '\u00e4'])('however long a description of %j is, it takes no time to speak of', (piece) =>
    expectLinearTime(100_000, (size) => wordsOf('x', piece.repeat(size), [['code', secret]])),
  )
})
