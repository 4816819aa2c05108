import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { environmentKey } from '../../src/node/environment-key.ts'

const name = 'TOKENWARD_TEST_KEY'
const key = randomBytes(32)
const read = (text: string | undefined) => {
  if (text !== undefined) process.env[name] = text
  return environmentKey(name)()
}
afterEach(() => {
  delete process.env[name]
})

it.each(['base64', 'base64url', 'hex'] as const)('reads 32 bytes as %s', (encoding) => {
  expect(Buffer.from(read(key.toString(encoding)))).toEqual(key)
  expect(Buffer.from(read(` ${key.toString(encoding)}\n`))).toEqual(key)
})

it('does not read it before it is used', () => {
  const later = environmentKey(name)
  process.env[name] = key.toString('base64')
  expect(Buffer.from(later())).toEqual(key)
})

it('ERR-01: says which variable is wrong, and not what is in it', () => {
  const short = randomBytes(16).toString('hex')
  const whole = key.toString('base64')
  const withMore = `${whole.slice(0, 9)}!${whole.slice(9)}`
  for (const text of [undefined, '', short, `${key.toString('hex')}00`, 'a phrase', `${short}!`, withMore]) {
    const expected = expect.objectContaining({
      code: 'ERR_INVALID_OPTION',
      message: `The environment variable ${name} has to hold 32 bytes as base64 or hex: see tokenward/docs/troubleshooting.md#invalid_option`,
    })
    expect(() => read(text)).toThrow(expected)
  }
})
