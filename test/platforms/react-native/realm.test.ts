import { createHash } from 'node:crypto'
import { EmbeddedJWK, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { absentInReactNative } from '../../architecture/react-native-globals.ts'
import { apps, expoBundle, forOlderHermes, metro, type Platform, type Profile, stage } from './apps.ts'
import type { Engine } from './bare-v8.ts'
import { engines, hasJsc } from './engines.ts'
import type { HandedRequest } from './realm/phone.ts'
import type { Step } from './realm/story.ts'

const sources = 'test/platforms/react-native/realm'

/** The scripts of a realm, built once: the native half, and the app. */
const built = new Map<string, Promise<readonly string[]>>()

function once(key: string, build: () => Promise<readonly string[]>) {
  const scripts = built.get(key) ?? build()
  built.set(key, scripts)
  return scripts
}

function bare(name: keyof typeof apps, profile: Profile, platform: Platform = 'android') {
  return once(`${name} ${profile} ${platform}`, async () => {
    stage(apps[name], `realm-${platform}`, sources)
    const [host = '', app = ''] = await metro(
      apps[name],
      profile,
      [{ entry: `realm-${platform}/host.ts`, isHost: true }, { entry: `realm-${platform}/bare.ts` }],
      platform,
    )
    return [`globalThis.os = '${platform}'`, host, app]
  })
}

function expo(platform: Platform) {
  return once(`expo ${platform}`, async () => {
    const app = apps['React Native 0.86']
    const [os = '', host = ''] = await bare('React Native 0.86', 'hermes-stable', platform)
    return [os, host, await expoBundle(app, `realm-${platform}/expo.ts`, platform)]
  })
}

function expoForOlderHermes() {
  return once('expo older', async () => {
    const [, , app = ''] = await expo('android')
    const [os = '', host = ''] = await bare('React Native 0.86', 'default')
    return [os, host, await forOlderHermes(apps['React Native 0.86'], app)]
  })
}

interface Combination {
  readonly name: string
  readonly isExpo?: boolean
  readonly isIos?: boolean
  readonly engine: Engine
  readonly scripts: () => Promise<readonly string[]>
}

function combinationsOf(engine: Engine, name: string, profile: Profile): readonly Combination[] {
  return (['React Native 0.86', 'React Native 0.88'] as const).map((app) => ({
    name: `${app} in ${name}`,
    engine,
    scripts: () => bare(app, profile),
  }))
}

const { V8, JavaScriptCore, 'Hermes 0.12': hermes } = engines
const combinations: readonly Combination[] = [
  ...combinationsOf(V8, 'V8', 'hermes-stable'),
  { name: 'Expo 57 in V8', isExpo: true, engine: V8, scripts: () => expo('android') },
  {
    name: 'React Native 0.86 for iOS in V8',
    isIos: true,
    engine: V8,
    scripts: () => bare('React Native 0.86', 'hermes-stable', 'ios'),
  },
  { name: 'Expo 57 for iOS in V8', isExpo: true, isIos: true, engine: V8, scripts: () => expo('ios') },
  ...(hasJsc
    ? [
        ...combinationsOf(JavaScriptCore, 'JavaScriptCore', 'hermes-stable'),
        { name: 'Expo 57 in JavaScriptCore', isExpo: true, engine: JavaScriptCore, scripts: () => expo('android') },
      ]
    : []),
  ...combinationsOf(hermes, 'Hermes 0.12', 'default'),
  { name: 'Expo 57 in Hermes 0.12', isExpo: true, engine: hermes, scripts: expoForOlderHermes },
]

const formOf = ({ body }: HandedRequest) => Object.fromEntries(new URLSearchParams(body))

const installedByExpo = ['DOMException', 'ReadableStream', 'TextDecoder', 'structuredClone']

const API = /^https:\/\/(api|files)\./

describe.each(combinations)('$name', ({ isExpo, isIos, engine, scripts }) => {
  const steps = new Map<string, Step>()
  let globals: readonly string[] = []
  let logged: readonly string[] = []

  beforeAll(async () => {
    const lines = await engine(await scripts())
    for (const line of lines) {
      if (!line.startsWith('STEP ')) continue
      const step: Step = JSON.parse(line.slice(5))
      steps.set(step.step, step)
    }
    globals = JSON.parse(lines.find((line) => line.startsWith('GLOBALS '))?.slice(8) ?? '[]')
    logged = lines.filter((line) => !/^(STEP|GLOBALS) |^END$/.test(line))
  }, 240_000)

  function told(name: string): Step {
    const step = steps.get(name)
    if (!step) throw new Error(`No step "${name}" was told. ${logged.join('\n')}`)
    return step
  }

  /** What native was handed for the authorization server is never anything but this. */
  function expectPlain(request: HandedRequest) {
    expect(request).toMatchObject({ method: 'POST', bodyKind: isExpo ? 'bytes' : 'string', cookies: false })
    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded;charset=UTF-8')
  }

  it('is told to its end, and nothing is reported', () => {
    expect(logged).toEqual([])
    expect([...steps.values()].filter(({ reuse }) => reuse > 0)).toEqual([])
  })

  it('has nothing that its kind of phone has not', () => {
    const found = globals.filter((name) => absentInReactNative.includes(name))
    expect(found.sort()).toEqual(isExpo ? installedByExpo : [])
  })

  it('signs in', () => {
    const { saw, failed, handed, opened, items } = told('sign-in')
    expect(failed).toBeUndefined()
    expect(saw).toMatchObject({ sub: 'zoe', name: 'Zoë 東京 🙂' })

    const [discovery, exchange] = handed
    expect(discovery).toMatchObject({
      method: 'GET',
      url: 'https://as.example.com/.well-known/openid-configuration',
      bodyKind: 'none',
      cookies: false,
    })
    expect(handed).toHaveLength(2)
    expectPlain(exchange as HandedRequest)
    const { code, code_verifier = '', client_id } = formOf(exchange as HandedRequest)
    expect({ code, client_id }).toEqual({ code: 'c-0=', client_id: 'app' })

    const [{ url }] = opened as [{ url: string }]
    const challenge = createHash('sha256').update(code_verifier).digest('base64url')
    expect(new URL(url).searchParams.get('code_challenge')).toBe(challenge)
    expect(items.every((item) => item.startsWith('tokenward.'))).toBe(true)
  })

  it('keeps every item after the first unlock, on this device only', () => {
    const written = [...steps.values()].flatMap((step) => step.written)
    const wanted = isExpo
      ? { keychainService: 'tokenward', keychainAccessible: 1 }
      : { accessible: 'AccessibleAfterFirstUnlockThisDeviceOnly' }
    for (const options of written) expect(options).toMatchObject(wanted)
    expect(written.length).toBeGreaterThan(10)
  })

  it('pushes an authorization request', () => {
    const { saw, handed } = told('pushed authorization request')
    expect(saw).toBe('signedIn')
    for (const request of handed) expectPlain(request)
    expect(formOf(handed[0] as HandedRequest)).toMatchObject({ scope: 'notes', code_challenge_method: 'S256' })
  })

  it('finds its session after a restart', () => {
    expect(told('restart')).toMatchObject({ saw: { status: 'signedIn', isSame: true } })
    expect(told('restart').handed).toHaveLength(1)
  })

  it('refreshes once for all who wait, with the token of the last rotation', () => {
    const { saw, handed } = told('refresh and rotation')
    expect(saw).toEqual(['at-1', 'at-1', 'at-2'])
    for (const request of handed) expectPlain(request)
    expect(handed.map((request) => formOf(request).refresh_token)).toEqual(['rt-0', 'rt-1'])
  })

  it.each([
    ['401, then JSON again', isExpo ? 'bytes' : 'string', /^\{"a":"ü"\}$/, 'application/json'],
    ['401, then a Blob again', isExpo ? 'bytes' : 'blob', /^sometext$/, 'text/plain'],
    ['401, then a Request again', isExpo ? 'bytes' : 'string', /^\{"a":1\}$/, 'application/json'],
    ['401, then FormData with a file again', 'formData', /file:\/\/\/a\.jpg/, undefined],
    ['401, then a Request with a form again', isExpo ? 'bytes' : 'formData', /hello/, isExpo ? 'multipart' : undefined],
  ])('%s: the same body of the same kind, with the new token', (name, bodyKind, body, type) => {
    const sent = told(name).handed.filter(({ url }) => API.test(url))
    expect(sent.map(({ headers }) => headers.authorization)).toEqual(['Bearer at-1', 'Bearer at-2'])
    for (const request of sent) {
      expect(request).toMatchObject({ bodyKind, body: expect.stringMatching(body) })
      expect(request.headers['content-type']?.split(';')[0]?.split('/form-data')[0]).toBe(type)
    }
  })

  it('asks for a token for each resource, and sends it there only', () => {
    const { saw, handed } = told('several resources')
    expect(saw).toEqual([{ saw: 'Bearer at-1' }, { saw: 'Bearer at-2' }])
    const asked = handed.filter(({ url }) => !API.test(url)).map((request) => formOf(request).resource)
    expect(asked).toEqual(['https://api.example.com/', 'https://files.example.com/'])
  })

  it('sends nothing to a place that only looks like the API', () => {
    expect(told('a URL that only looks like the API')).toMatchObject({
      failed: { code: 'ERR_TARGET_NOT_ALLOWED' },
      handed: [],
    })
  })

  it('takes no answer from where the native side was redirected to, and keeps the session', () => {
    expect(told('an answer from elsewhere').saw).toEqual({
      failure: { code: 'ERR_TEMPORARILY_UNAVAILABLE', reason: 'unexpected_redirect' },
      status: 'signedIn',
    })
  })

  it('tells a caller that stops waiting so', () => {
    expect(told('a caller that stops waiting').saw).toEqual({ name: 'AbortError' })
  })

  it('revokes when it signs out', () => {
    const { saw, handed, items } = told('sign-out')
    expect(saw).toEqual({ local: 'removed', revoked: 'revoked', status: 'signedOut' })
    const revocations = handed.slice(1)
    for (const request of revocations) expectPlain(request)
    expect(revocations.map((request) => formOf(request).token)).toEqual(['rt-1', 'at-1'])
    expect(items.length).toBeLessThanOrEqual(1)
  })

  it('signs out without a network, and revokes when there is one again', () => {
    const { saw, handed } = told('sign-out without a network')
    expect(saw).toEqual({ local: 'removed', status: 'signedOut', isTried: true })
    expect(new Set(handed.slice(1).map((request) => formOf(request).token))).toEqual(new Set(['rt-1', 'at-1']))
  })

  const cancelled = { failure: 'ERR_AUTHORIZATION_CANCELLED', status: 'signedOut' }
  const cold = { cold: 'signedIn', again: 'signedIn', failed: [], isQuiet: true }
  const onEveryPhone: readonly (readonly [string, unknown])[] = [
    ['a foreign state first', 'signedIn'],
    ['closed', cancelled],
    ['a cold start, and the old URL at the next', cold],
    ['a cold start by a claimed link', cold],
  ]
  const onAndroid: readonly (readonly [string, unknown])[] = [
    ['the redirect first', 'signedIn'],
    ['closed, then a second try', { ...cancelled, second: 'signedIn' }],
    [
      'the redirect long after the app is in front',
      // Expo takes the app for come back; the other waits until its browser is closed.
      isExpo ? { ...cancelled, later: 'signedIn' } : { status: 'signedIn', later: 'signedIn' },
    ],
  ]

  it.each(isIos ? onEveryPhone : [...onEveryPhone, ...onAndroid])("the system's browser, %s", (name, outcome) => {
    const { saw, failed } = told(`browser: ${name}`)
    expect(saw ?? failed).toEqual(outcome)
  })

  // The browser's library without Expo waits for a scheme on an iPhone, and for no link.
  if (isExpo || !isIos)
    it('ACQ-15: a claimed link ends the sign-in, and no other link of the app does', () => {
      const { saw, failed, opened, handed } = told('browser: a claimed link, after other links of the app')
      expect(saw ?? failed).toBe('signedIn')
      expect(formOf(handed.at(-1) as HandedRequest).redirect_uri).toBe('https://app.example.com/callback')
      if (isExpo && isIos) expect(opened).toMatchObject([{ options: { preferUniversalLinks: true } }])
    })

  it('says what DPoP needs here', () => {
    expect(told('DPoP without a signer').failed).toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })

  it('proves that it holds the key of a DPoP token', async () => {
    const { saw, handed } = told('DPoP')
    expect(saw).toEqual({ status: 200, saw: { saw: 'DPoP at-1' } })

    const call = handed.at(-1) as HandedRequest
    const { payload } = await jwtVerify(call.headers.dpop ?? '', EmbeddedJWK, {
      currentDate: new Date(1_800_000_000_000),
    })
    expect(payload).toMatchObject({
      htm: 'GET',
      htu: 'https://api.example.com/notes',
      ath: createHash('sha256').update('at-1').digest('base64url'),
    })
    await jwtVerify(handed[0]?.headers.dpop ?? '', EmbeddedJWK, { currentDate: new Date(1_800_000_000_000) })
  })
})
