// What an application's build puts in: Angular's packages are compiled to the end there.
import '@angular/compiler'
import { expect, it } from 'vitest'
import { entries } from '../../scripts/entries.mjs'
import type { createTestTokenManager } from '../../src/testing/index.ts'

// The worker's script exports nothing; it is here to show that it can be imported anywhere.
const all: readonly (readonly [string, Record<string, unknown>])[] = await Promise.all(
  entries.map(async ({ specifier, js }) => [specifier, await import(js)] as const),
)
const modules = all.filter(([specifier]) => !['tokenward/browser/worker', 'tokenward/testing'].includes(specifier))
const [, testing = {}] = all.find(([specifier]) => specifier === 'tokenward/testing') ?? []
const [, main = {}] = modules.find(([specifier]) => specifier === 'tokenward') ?? []
const managing = modules.filter(([, entry]) => 'createTokenManager' in entry)
const sharing = modules.filter(([, entry]) => 'allowInsecureLoopback' in entry)

it.each(managing)('%s: an error is of the same class as in every other entry', (_, entry) => {
  const { createTokenManager, TokenManagerError } = entry
  expect(TokenManagerError).toBe(main.TokenManagerError)
  expect(createTokenManager).toBeTypeOf('function')
  expect(() => (createTokenManager as (options: unknown) => unknown)({ misspelt: true })).toThrow(
    main.TokenManagerError as ErrorConstructor,
  )
})

it.each(modules)('%s: what it has of the main entry is the very same', (specifier, entry) => {
  const own = specifier === 'tokenward' ? [] : ['createTokenManager']
  for (const name of Object.keys(main)) if (name in entry && !own.includes(name)) expect(entry[name]).toBe(main[name])
})

it.each(sharing)('%s: symbols are the same', (_, entry) => {
  expect(entry.allowInsecureLoopback).toBeTypeOf('symbol')
  expect(entry.allowInsecureLoopback).toBe(main.allowInsecureLoopback)
})

it('tokenward/testing: its manager throws the error of the main entry', async () => {
  const tokens = (testing.createTestTokenManager as typeof createTestTokenManager)({ state: 'signedOut' })
  await expect(tokens.getAccessToken()).rejects.toBeInstanceOf(main.TokenManagerError)
  expect(testing.memoryStore).toBe(main.memoryStore)
})
