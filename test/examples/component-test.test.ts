import { expect, it } from 'vitest'
import { testGreeting } from '../../examples/component-test.ts'

it('the example of a component test passes, and fails where it should', async () => {
  await testGreeting(expect)
  await expect(testGreeting((actual) => expect(typeof actual === 'string' ? `${actual}!` : actual))).rejects.toThrow()
})
