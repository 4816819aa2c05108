import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import { absentInReactNative, reactNativeGlobals } from '../architecture/react-native-globals.ts'
import { v8 } from '../platforms/react-native/bare-v8.ts'
import type { Step } from '../platforms/react-native/realm/story.ts'

/** The app and its phone as one script, as a bundler leaves it. */
async function script(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('realm/bare-app.ts', import.meta.url))],
    alias: { 'tokenward/react-native': fileURLToPath(new URL('../../src/react-native/index.ts', import.meta.url)) },
    // Neither a browser's nor Node's.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    bundle: true,
    format: 'iife',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

describe('an app in a bare V8 that has the globals of React Native, and none beside them', () => {
  const steps = new Map<string, Step>()
  let globals: readonly string[] = []

  beforeAll(async () => {
    for (const line of await v8([await script()])) {
      if (line.startsWith('GLOBALS ')) globals = JSON.parse(line.slice(8))
      if (!line.startsWith('STEP ')) continue
      const step: Step = JSON.parse(line.slice(5))
      steps.set(step.step, step)
    }
  })

  it('has the globals that the package may read, and none that other platforms have beside them', () => {
    expect(globals).toEqual(expect.arrayContaining(Object.keys(reactNativeGlobals)))
    const others = [...absentInReactNative, 'FinalizationRegistry', 'URLSearchParams', 'queueMicrotask']
    expect(globals.filter((name) => others.includes(name))).toEqual([])
  })

  it.each<readonly [string, unknown]>([
    ['sign-in', { sub: 'zoe', name: 'Zoë 東京 🙂' }],
    ['pushed authorization request', 'signedIn'],
    ['restart', { status: 'signedIn', isSame: true }],
    ['refresh and rotation', ['at-1', 'at-1', 'at-2']],
    ['401, then JSON again', { status: 200, saw: { saw: 'Bearer at-2' } }],
    ['401, then a Request again', 200],
    ['several resources', [{ saw: 'Bearer at-1' }, { saw: 'Bearer at-2' }]],
    [
      'an answer from elsewhere',
      { failure: { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'unexpected_redirect' }, status: 'signedIn' },
    ],
    ['a caller that stops waiting', { name: 'AbortError' }],
    ['sign-out', { local: 'removed', revoked: 'revoked', status: 'signedOut' }],
    ['sign-out without a network', { local: 'removed', status: 'signedOut', isTried: true }],
    ['DPoP', { status: 200, saw: { saw: 'DPoP at-1' } }],
    [
      'browser: a cold start, and the old URL at the next',
      { cold: 'signedIn', again: 'signedIn', failed: [], isQuiet: true },
    ],
    ['browser: a claimed link, after other links of the app', 'signedIn'],
  ])('%s', (name, outcome) => {
    const { saw, failed, reuse } = steps.get(name) ?? {}
    expect(failed).toBeUndefined()
    if (typeof outcome === 'object' && !Array.isArray(outcome)) expect(saw).toMatchObject(outcome as object)
    else expect(saw).toEqual(outcome)
    expect(reuse).toBe(0)
  })

  it('hands text and no cookies to the native side for the authorization server', () => {
    const posts = [...steps.values()].flatMap(({ handed }) => handed).filter(({ url }) => url.includes('//as.'))
    const bodies = posts.filter(({ method }) => method === 'POST')
    expect(bodies.length).toBeGreaterThan(20)
    for (const request of bodies) expect(request).toMatchObject({ bodyKind: 'string', cookies: false })
    for (const { body } of bodies) expect(body).toMatch(/^\w+=/)
  })
})
