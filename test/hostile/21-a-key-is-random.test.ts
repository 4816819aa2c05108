import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { environmentKey } from '../../src/node/environment-key.ts'

const name = 'TOKENWARD_TEST_KEY'
const read = (text: string) => {
  process.env[name] = text
  return environmentKey(name)()
}
afterEach(() => {
  delete process.env[name]
})

describe('SECURITY.md: `environmentKey` refuses zeroes, patterns and phrases', () => {
  const bytes: readonly (readonly [what: string, key: Uint8Array])[] = [
    ['zeroes', new Uint8Array(32)],
    ['one byte', new Uint8Array(32).fill(0xa7)],
    ['counting', Uint8Array.from({ length: 32 }, (_, index) => index)],
    ['counting down in steps', Uint8Array.from({ length: 32 }, (_, index) => 250 - 7 * index)],
    [
      'a short key again and again',
      Uint8Array.from({ length: 32 }, (_, index) => [9, 200, 3, 77][index % 4] as number),
    ],
    ['text', new TextEncoder().encode('correct horse battery staple !!!')],
    ['text of many letters', new TextEncoder().encode('Tr0ub4dor&3 zebra-quilt_JUMP;fox')],
    [
      'few bytes in no order',
      Uint8Array.from(
        '37a1c05e928b4d60f1c95a7b30e8249d',
        (digit) => 129 + 8 * Math.min(Number.parseInt(digit, 16), 13),
      ),
    ],
  ]
  it.each(bytes)('%s', (_, key) => {
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      expect(() => read(Buffer.from(key).toString(encoding))).toThrow('pattern or a phrase')
  })

  it.each([
    'correct-horse-battery-staple-with-more-word',
    'Correct-Horse-Battery-Staple-Paper-Clip-Abc',
    'ThisIsMyVerySecretPassphraseForTheStoreOkay',
    'my_super_secret_key_that_nobody_ever_knows1',
    'PLEASECHANGEMEPLEASECHANGEMEPLEASECHANGEMEE',
    'change-me-change-me-change-me-change-me-123',
  ])('the phrase %s, which is base64 by accident', (phrase) => {
    expect(() => read(phrase)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.not.stringContaining(phrase) }),
    )
  })

  it('and every random one', () => {
    for (let count = 0; count < 2_000; count++) {
      const key = randomBytes(32)
      expect(Buffer.from(read(key.toString(count % 2 ? 'base64' : 'hex')))).toEqual(key)
    }
  })
})
