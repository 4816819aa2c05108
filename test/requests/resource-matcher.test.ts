import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ResourceOption, resourceMatcher } from '../../src/requests/resource-matcher.ts'
import { expectLinearTime } from '../support/linear-time.ts'

const ORIGIN = 'https://app.example.com'
const LISTED = ['https://api.example.com/v1', 'https://files.example.com/', '/api', 'https://10.0.0.7:8443/x/'] as const
const match = resourceMatcher(LISTED, { origin: ORIGIN, insecureLoopback: false })

/** What could lead a token astray: every one of them gets none. */
const HOSTILE: readonly (readonly [url: string, reason?: 'insecure_target'])[] = [
  // another host that looks like it
  ['https://api.example.com.evil.com/v1'],
  ['https://api.example.comevil.com/v1'],
  ['https://evil-api.example.com/v1'],
  ['https://x.api.example.com/v1'],
  ['https://example.com/v1'],
  ['https://api.example.com./v1'],
  ['https://api.examp1e.com/v1'],
  ['https://api.exаmple.com/v1'],
  ['https://ａｐｉ.example.com/v1'],
  ['https://api。example.com/v1'],
  ['https://api.example.com\u00ad/v1'],
  ['https://api%2eexample.com/v1'],
  ['https://api.example.com%00.evil.com/v1'],
  ['https://api.example.com%2f@evil.com/v1'],
  // user names, and hosts that only a wrong reader sees
  ['https://api.example.com@evil.com/v1'],
  ['https://api.example.com:443@evil.com/v1'],
  ['https://user:pass@api.example.com/v1'],
  ['https://@api.example.com/v1'],
  ['https://evil.com/@api.example.com/v1'],
  ['https://evil.com?@api.example.com/v1'],
  ['https://evil.com#@api.example.com/v1'],
  ['https://evil.com/https://api.example.com/v1'],
  ['https://evil.com\\@api.example.com/v1'],
  ['https://api.example.com\\@evil.com/v1'],
  ['https://evil.com;api.example.com/v1'],
  // slashes and relative forms
  ['//evil.com/v1'],
  ['//api.example.com/v1'],
  ['///evil.com/v1'],
  ['/\\evil.com/v1'],
  ['\\\\evil.com\\v1'],
  ['\\/evil.com/v1'],
  ['https:\\\\api.example.com\\v1'],
  ['https:/api.example.com/v1'],
  ['https:api.example.com/v1'],
  ['https:///api.example.com/v1'],
  ['https:///evil.com/v1'],
  ['/\t/evil.com/v1'],
  ['api/notes'],
  ['./api/notes'],
  ['?x=/api'],
  ['#/api'],
  [''],
  // white space and controls, which platforms take out
  ['\thttps://api.example.com/v1'],
  [' https://api.example.com/v1'],
  ['https://api.example.com /v1'],
  ['https://api.exa\tmple.com/v1'],
  ['https://api.example.com\n.evil.com/v1'],
  ['https://api.example.com/v1\r\nHost: evil.com'],
  ['https://api.example.com/v1\u0000'],
  ['ht\ntps://api.example.com/v1'],
  // ports and numbers
  ['https://api.example.com:8443/v1'],
  ['https://api.example.com:/v1'],
  ['https://api.example.com:0443/v1'],
  ['https://api.example.com:443:443/v1'],
  ['https://api.example.com:+443/v1'],
  ['https://api.example.com:４４３/v1'],
  ['https://10.0.7:8443/x/1'],
  ['https://0xa000007:8443/x/1'],
  ['https://167772167:8443/x/1'],
  ['https://10.0.0.07:8443/x/1'],
  ['https://[::1]/v1'],
  ['https://[::ffff:10.0.0.7]:8443/x/1'],
  // other schemes
  ['http://api.example.com/v1', 'insecure_target'],
  ['http://localhost/v1', 'insecure_target'],
  ['http://127.0.0.1:8080/v1', 'insecure_target'],
  ['HTTP://API.example.com:443/v1', 'insecure_target'],
  ['ws://api.example.com/v1'],
  ['wss://api.example.com/v1'],
  ['ftp://api.example.com/v1'],
  ['file:///api.example.com/v1'],
  ['javascript://api.example.com/v1'],
  ['data:text/html,https://api.example.com/v1'],
  ['blob:https://api.example.com/v1'],
  // other paths
  ['https://api.example.com'],
  ['https://api.example.com/'],
  ['https://api.example.com/v10'],
  ['https://api.example.com/v'],
  ['https://api.example.com/V1'],
  ['https://api.example.com/v1%2fnotes'],
  ['https://api.example.com//v1'],
  ['https://api.example.com/%761'],
  ['https://api.example.com/v1/../admin'],
  ['https://api.example.com/v1/..'],
  ['https://api.example.com/v1/../v1/notes'],
  ['https://api.example.com/v1/%2e%2e/admin'],
  ['https://api.example.com/v1/.%2E/admin'],
  ['https://api.example.com/v1/%2E./admin'],
  ['https://api.example.com/v1/./../admin'],
  ['https://api.example.com/v1/..?x'],
  ['https://api.example.com/v1/..#x'],
  ['https://api.example.com/v1\\..\\admin'],
  ['https://api.example.com/v1/..\\admin'],
  ['https://api.example.com/v1/x\\..\\..\\..\\admin'],
  ['https://files.example.com/\\x'],
  ['https://api.example.com/v1/..%2fadmin'],
  ['https://api.example.com/v1%2f..%2fadmin'],
  ['https://api.example.com/v1/%2e%2e%5cadmin'],
  ['https://api.example.com/v1/..;/admin'],
  ['https://api.example.com/v1/.\t./admin'],
  ['https://api.example.com/v1/.. '],
  ['https://app.example.com/apis'],
  ['/apis'],
  ['/api/../admin'],
  ['/'],
]

describe('the allow-list', () => {
  it.each(HOSTILE.map(([url, reason = 'target_not_listed']) => ({ url, reason })))(
    'USE-02: $url gets no token',
    ({ url, reason }) => {
      expect(match(url)).toMatchObject({ reason })
      expect(match(url).target).toBeUndefined()
    },
  )

  it.each<readonly [url: string, sent?: string]>([
    ['https://api.example.com/v1'],
    ['https://api.example.com/v1/'],
    ['https://api.example.com/v1?limit=2#top'],
    ['https://api.example.com/v1/notes/7'],
    ['HTTPS://API.Example.COM:443/v1/notes', 'https://api.example.com/v1/notes'],
    ['https://api.example.com/v1/a..b/...;x=1/.well-known/@me/a:b'],
    ['https://api.example.com/v1/%C3%BC/ü/100%25/%e9/x'],
    ['https://api.example.com/v1?back=https://evil.com/../\\x&q=two words'],
    ['https://files.example.com', 'https://files.example.com/'],
    ['https://files.example.com?x', 'https://files.example.com/?x'],
    ['https://files.example.com//x'],
    ['/api/notes?x', 'https://app.example.com/api/notes?x'],
    ['https://app.example.com/api'],
    ['https://10.0.0.7:8443/x/1'],
  ])('USE-02: %s gets one, and is sent as it was judged', (url = '', sent = url) => {
    const wholeOrigin = sent.startsWith('https://files.example.com')
    expect(match(url)).toEqual({ target: {}, url: sent, wholeOrigin })
  })

  it('USE-02: whatever it allows, the platform sends to exactly that origin, below that path', () => {
    const noise = fc.constantFrom(
      ...'@ \\ / // /. . .. %2e %2E . ; : :443 :0 ? # % %2f %5c %00 \t \n \r \u0000 \u007f \u00ad \u200b 。 ａ é ſ K [ ] ::1 0x7f 1 v1 api evil.com xn-- ..%2f'.split(
        ' ',
      ),
      ' ',
      '',
    )
    const start = fc.constantFrom(...Array(6).fill('https://'), 'HTTPS://', 'http://', 'https:', '//', '/', '/', '')
    const place = fc.constantFrom(
      'api.example.com/v1',
      'API.example.com:443/v1/',
      'files.example.com',
      'files.example.com:443',
      '10.0.0.7:8443/x/',
      'app.example.com/api',
      'api',
    )
    const url = fc
      .tuple(start, place, fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), noise), { maxLength: 4 }))
      .map(([scheme, rest, noises]) => {
        let text = scheme + rest
        for (const [where, what] of noises) {
          // Mostly at the end, where the path is.
          const at = Math.round(text.length * Math.min(1, where * 1.5))
          text = text.slice(0, at) + what + text.slice(at)
        }
        return text
      })
    let allowed = 0
    fc.assert(
      fc.property(url, (text) => {
        const found = match(text)
        if (!found.target) return
        allowed++
        let sent: URL
        try {
          sent = new URL(found.url)
        } catch {
          // The platform refuses it: the token goes nowhere.
          return
        }
        const asGiven = new URL(text, `${ORIGIN}/deep/page`)
        expect(sent.href).toBe(asGiven.href)
        const under = LISTED.some((listed) => {
          const { origin, pathname } = new URL(listed, ORIGIN)
          const below = pathname.endsWith('/') ? pathname : `${pathname}/`
          return sent.origin === origin && (sent.pathname === pathname || sent.pathname.startsWith(below))
        })
        expect(under, text).toBe(true)
        expect(sent.username + sent.password).toBe('')
      }),
      { numRuns: 20_000, seed: 7 },
    )
    // The law says something only if it was asked often enough.
    expect(allowed).toBeGreaterThan(1_500)
  })

  it('judges any text in linear time and never throws', async () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void match(text)))
    await expectLinearTime(100_000, (size) => {
      for (const part of ['a.', '1.', '/..', '%2f.', ':1', '-', '?'])
        for (const start of ['https://', 'https://api.example.com/v1'])
          expect(match(`${start}${part.repeat(size)}\\\n`).target).toBeUndefined()
    })
  })

  it('takes the entry with the longest path, whatever their order', () => {
    const pick = resourceMatcher(
      [
        { url: 'https://api.example.com/', resource: 'urn:all' },
        { url: 'https://api.example.com/v1/admin', scope: 'admin' },
        { url: 'https://api.example.com/v1/', resource: 'https://api.example.com/v1', scope: 'notes' },
      ],
      { insecureLoopback: false },
    )
    expect(pick('https://api.example.com/v1/notes').target).toEqual({
      resource: 'https://api.example.com/v1',
      scope: 'notes',
    })
    expect(pick('https://api.example.com/v1/admin/x').target).toEqual({ scope: 'admin' })
    expect(pick('https://api.example.com/v1/administration').target).toEqual({
      resource: 'https://api.example.com/v1',
      scope: 'notes',
    })
    expect(pick('https://api.example.com/v1').target).toEqual({ resource: 'urn:all' })
  })

  it('remembers an answer, and stays right when there are more URLs than it remembers', () => {
    const urls = Array.from({ length: 500 }, (_, i) => `https://api.example.com/v1/${i}`)
    for (const url of [...urls, ...urls]) expect(match(url)).toMatchObject({ url })
    expect(match('https://api.example.com/v1/499')).toBe(match('https://api.example.com/v1/499'))
  })

  it('USE-03: plain http only on loopback, and only when that was asked for', () => {
    const listed = ['http://127.0.0.1:8080/', 'http://localhost:3000/api', 'http://[::1]:1/']
    for (const url of listed)
      expect(() => resourceMatcher([url], { insecureLoopback: false })).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION' }),
      )
    const loopback = resourceMatcher(listed, { insecureLoopback: true })
    expect(loopback('http://127.0.0.1:8080/x')).toMatchObject({ url: 'http://127.0.0.1:8080/x' })
    expect(loopback('http://localhost:3000/api/x').target).toBeDefined()
    expect(loopback('http://[::1]:1/x').target).toBeDefined()
    for (const url of [
      'http://127.0.0.1/',
      'http://127.0.0.1:80/',
      'http://127.0.0.2:8080/',
      'https://127.0.0.1:8080/',
    ])
      expect(loopback(url).target).toBeUndefined()
    for (const url of ['http://localhost.evil.com:3000/api', 'http://10.0.0.1/', 'http://127.0.0.1.nip.io:8080/'])
      expect(loopback(url)).toMatchObject({ reason: 'insecure_target' })
    for (const url of ['http://api.example.com/', 'http://localhost.evil.com/', 'http://127.0.0.2/', 'http://0.0.0.0/'])
      expect(() => resourceMatcher([url], { insecureLoopback: true })).toThrow()
  })

  it('resolves a path against the origin it was given, and without one or with an opaque one against nothing', () => {
    const at = (origin?: string) =>
      resourceMatcher(['https://app.example.com/api'], { origin, insecureLoopback: false })
    expect(at(ORIGIN)('/api/x')).toMatchObject({ url: 'https://app.example.com/api/x' })
    expect(at()('/api/x')).toEqual({ reason: 'target_not_listed', place: undefined, listed: [] })
    expect(at('null')('/api/x').target).toBeUndefined()
    const everything = resourceMatcher(['/'], { origin: ORIGIN, insecureLoopback: false })
    expect(everything('/x')).toMatchObject({ url: 'https://app.example.com/x' })
    for (const url of ['//evil.com/x', '//app.example.com/x', '/\\evil.com', 'x', '', '/../x', '?x', '#x'])
      expect(everything(url)).toEqual({ reason: 'target_not_listed', place: undefined, listed: [] })
  })

  it.each<[unknown, string]>([
    [['https://ok.example.com/', 'nonsense'], 'resources[1]'],
    [[''], 'resources[0]'],
    [['https://api.example.com/?x'], 'resources[0]'],
    [['https://api.example.com/#x'], 'resources[0]'],
    [['https://api.example.com/a/../b'], 'resources[0]'],
    [['https://user@api.example.com/'], 'resources[0]'],
    [['https://*.example.com/'], 'resources[0]'],
    [['https://api%2eexample.com/'], 'resources[0]'],
    [['https://127.1/'], 'resources[0]'],
    [['https://010.0.0.7/'], 'resources[0]'],
    [['https://2130706433/'], 'resources[0]'],
    [['https://0x7f000001/'], 'resources[0]'],
    [['https://api.0x1/'], 'resources[0]'],
    [['http://api.example.com/'], 'resources[0]'],
    [['//api.example.com/'], 'resources[0]'],
    [['/api'], 'resources[0]'],
    [[{ url: 7 }], 'resources[0]'],
    [[{}], 'resources[0]'],
    [[null], 'resources[0]'],
  ])('names a bad entry: %j', (resources, name) => {
    expect(() => resourceMatcher(resources as ResourceOption[], { insecureLoopback: false })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringContaining(name) }),
    )
  })
})
