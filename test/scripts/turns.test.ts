import { expect, it } from 'vitest'
import { inTurn } from '../../scripts/turns.mjs'

it('shows the first as it comes, and the others whole when those before them have ended', () => {
  let shown = ''
  const nextTurn = inTurn((text) => {
    shown += text
  })
  const [first, second, third] = [nextTurn(), nextTurn(), nextTurn()]
  first.print('a1 ')
  second.print('b1 ')
  third.print('c1 ')
  third.end()
  expect(shown).toBe('a1 ')

  first.print('a2 ')
  first.end()
  expect(shown).toBe('a1 a2 b1 ')

  second.print('b2 ')
  expect(shown).toBe('a1 a2 b1 b2 ')
  second.end()
  expect(shown).toBe('a1 a2 b1 b2 c1 ')

  nextTurn().print('d1')
  expect(shown).toBe('a1 a2 b1 b2 c1 d1')
})
