import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { arrows, drawing, withRooms } from '../scripts/rooms.mjs'
import { packingLaws } from './architecture/packing.ts'
import { reactNativeGlobals } from './architecture/react-native-globals.ts'
import {
  type Files,
  globalsOf,
  importsOf,
  type Law,
  type Offence,
  readFiles,
  treesOf,
  walk,
} from './architecture/tree.ts'

const sources = readFiles('src')
/** What the laws against packing are held against. */
const code = { ...sources, ...readFiles('examples'), ...readFiles('test/support') }
const packed: readonly Law[] = packingLaws.map((law) => ({ ...law, files: code }))

/** A room is a folder of `src`, or one of the three files that lie directly in it. */
function roomOf(file: string): string {
  return file.split('/')[1]?.replace(/\.ts$/, '') ?? ''
}

const ports = ['errors', 'ports']
const session = [...ports, 'protocol', 'session']
const requests = [...session, 'requests']
const manager = [...requests, 'in-process', 'manager']
const everyCore = [...manager, 'explain-token', 'sealing']

/** The rooms, and which other rooms each may import. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  ports: [],
  'in-process': ports,
  sealing: ports,
  protocol: ports,
  'explain-token': [...ports, 'protocol'],
  session,
  requests,
  manager,
  'client-tokens': manager,
  'session-pool': manager,
  index: everyCore,
  bff: [...manager, 'session-pool', 'node', 'redis', 'resource-server'],
  browser: [...everyCore, 'index'],
  node: [...everyCore, 'client-tokens', 'session-pool', 'index'],
  angular: everyCore,
  react: everyCore,
  svelte: everyCore,
  vue: everyCore,
  'react-native': [...everyCore, 'index'],
  redis: [...everyCore, 'resource-server'],
  'resource-server': ['errors', 'explain-token', 'protocol'],
  // Code of `errors` alone, see below; of the others the types.
  providers: ['errors', 'manager', 'resource-server'],
  telemetry: everyCore,
  devtools: [...everyCore, 'telemetry'],
  testing: everyCore,
}

/** The one room that may import each package. */
const doors: Readonly<Record<string, string>> = {
  oauth4webapi: 'node',
  'idb-keyval': 'browser',
  '@napi-rs/keyring': 'node',
  jose: 'resource-server',
  '@angular/common/http': 'angular',
  '@angular/core': 'angular',
  '@angular/router': 'angular',
  rxjs: 'angular',
  react: 'react',
  'svelte/store': 'svelte',
  vue: 'vue',
}

const platformRooms = ['bff', 'browser', 'devtools', 'node', 'react-native', 'redis', 'resource-server']

/** Their platforms have more than every other has. */
const roomsWithGlobalsOfTheirOwn = platformRooms.filter((room) => room !== 'react-native')

/** The rooms that may import what Node brings along. */
const roomsOnNode = ['bff', 'node', 'redis']

/** Of what every platform has, React Native too, these are ports: the core is handed them. */
const handedIn = ['clearTimeout', 'fetch', 'performance', 'setTimeout']

/** What the core may take from a platform: every one of them has these. */
const everywhere = Object.keys(reactNativeGlobals).filter((name) => !handedIn.includes(name))

/** What the ports that need no platform stand for. */
const inProcess = ['clearTimeout', 'crypto', 'globalThis.crypto', 'performance', 'setTimeout', 'Date.now']

/** A test's own clock has to let the platform's turns go by. */
const testing = ['URL', 'URLSearchParams', 'globalThis']

/** Of the language, but a clock, a source of randomness, code from a string, or absent from an engine we run on. */
const refused = ['Atomics', 'Date.now', 'FinalizationRegistry', 'Function', 'Math.random', 'SharedArrayBuffer', 'eval']

function roomsImportOnlyTheirNeighbours(files: Files): readonly Offence[] {
  return importsOf(files).flatMap(({ from, file, specifier }) => {
    const room = roomOf(from)
    const allowed = rooms[room]
    if (!allowed) return [`${from}: "${room}" is no room`]
    if (!file) return []
    if (!file.endsWith('.ts') || !(file in files)) return [`${from}: ${specifier} is no file of ours`]
    const other = roomOf(file)
    return other === room || allowed.includes(other) ? [] : [`${from}: ${room} may not import ${other}`]
  })
}

/** What a preset may carry that an option takes as an import. */
const importsForPresets = ['src/manager/metadata-from.ts']

function presetsAreData(files: Files): readonly Offence[] {
  return importsOf(files).flatMap(({ from, file = '', isTypeOnly }) => {
    const isOwn = ['providers', 'errors'].includes(roomOf(file)) || importsForPresets.includes(file)
    return roomOf(from) !== 'providers' || isOwn || isTypeOnly ? [] : [`${from}: takes code from ${file}`]
  })
}

function packagesHaveOneDoor(files: Files): readonly Offence[] {
  return importsOf(files).flatMap(({ from, file, specifier }) => {
    if (file || (specifier.startsWith('node:') && roomsOnNode.includes(roomOf(from)))) return []
    return doors[specifier] === roomOf(from) ? [] : [`${from}: ${roomOf(from)} may not import ${specifier}`]
  })
}

function noCycles(files: Files): readonly Offence[] {
  const next = new Map<string, string[]>()
  for (const { from, file } of importsOf(files)) if (file) next.set(from, [...(next.get(from) ?? []), file])
  const done = new Set<string>()
  const offences: Offence[] = []
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) offences.push([...path.slice(path.indexOf(file)), file].join(' → '))
    else if (!done.has(file)) {
      for (const other of next.get(file) ?? []) visit(other, [...path, file])
      done.add(file)
    }
  }
  for (const file of next.keys()) visit(file, [])
  return offences
}

function exportAllOnlyInPlatformEntries(files: Files): readonly Offence[] {
  return importsOf(files)
    .filter(({ isExportAll }) => isExportAll)
    .filter(
      ({ from, file }) => !platformRooms.some((room) => from === `src/${room}/index.ts` && file === 'src/index.ts'),
    )
    .map(({ from, specifier }) => `${from}: export * from ${specifier}`)
}

function globalsOnlyWhereTheyBelong(files: Files): readonly Offence[] {
  return globalsOf(files).flatMap(({ file, name, member = name, isOfTheLanguage }) => {
    const room = roomOf(file)
    if (roomsWithGlobalsOfTheirOwn.includes(room))
      return name === 'console' || name === 'eval' ? [`${file}: ${member}`] : []
    const own = [
      ...(room === 'in-process' ? inProcess : []),
      // It runs only where there is Web Cryptography.
      ...(room === 'sealing' ? ['TextDecoder'] : []),
      ...(room === 'testing' ? testing : []),
      // Where random bytes are not needed: so that no tag comes twice.
      ...(room === 'react-native' ? [...handedIn, 'Math.random'] : []),
      // React Native has another one in its place.
      ...(file === 'src/in-process/web-text.ts' ? ['TextDecoder', 'URLSearchParams'] : []),
    ]
    if (own.includes(name) || own.includes(member)) return []
    const takes = ['Date', 'Math'].includes(name) ? member.slice(5).split('|') : []
    const clock = member === 'new Date()' || takes.some((each) => ['now', 'random', '…]'].includes(each))
    if (clock || refused.includes(name) || refused.includes(member)) return [`${file}: ${member}`]
    return isOfTheLanguage || everywhere.includes(name) ? [] : [`${file}: ${member}`]
  })
}

function messagesNameTheirOrigin(files: Files): readonly Offence[] {
  const offences: Offence[] = []
  for (const source of treesOf(files)) {
    walk(source, (node) => {
      if (!ts.isCallExpression(node)) return
      const { expression } = node
      const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText()
      if (name !== 'postMessage') return
      let toAnyone = false
      for (const argument of node.arguments.slice(1)) {
        walk(argument, (inside) => {
          toAnyone ||= ts.isStringLiteralLike(inside) && inside.text === '*'
        })
      }
      if (toAnyone) offences.push(`${source.fileName}: ${node.getText()}`)
    })
  }
  return offences
}

/** Babel's loose mode, with which Expo built apps before SDK 56, reads such a getter once, while the object is made. */
function gettersStandBeforeSpreads(files: Files): readonly Offence[] {
  const offences: Offence[] = []
  for (const source of treesOf(files)) {
    walk(source, (node) => {
      if (!ts.isObjectLiteralExpression(node)) return
      const spread = node.properties.findIndex(ts.isSpreadAssignment)
      const behind = spread < 0 ? [] : node.properties.slice(spread).filter(ts.isAccessor)
      offences.push(...behind.map(({ name }) => `${source.fileName}: ${name.getText()}`))
    })
  }
  return offences
}

function filesAreShort(files: Files): readonly Offence[] {
  return Object.entries(files).flatMap(([file, text]) => {
    const lines = text.trimEnd().split('\n').length
    return lines > 400 ? [`${file}: ${lines} lines`] : []
  })
}

function namesSayWhatIsInside(files: Files): readonly Offence[] {
  const empty = ['common', 'core', 'helper', 'helpers', 'lib', 'misc', 'shared', 'types', 'util', 'utils']
  return Object.keys(files).filter((file) =>
    file.split('/').some((part) => empty.includes(basename(part).replace(/\..*$/, ''))),
  )
}

function textsNameNoMachine(files: Files): readonly Offence[] {
  const folders = ['Users', 'home', 'root', 'tmp', 'work'].join('|')
  const path = new RegExp(`(?<![\\w.:/-])/(?:${folders})/[\\w.-]+`)
  return Object.entries(files).flatMap(([file, text]) => {
    const found = path.exec(text)
    return found ? [`${file}: ${found[0]}`] : []
  })
}

/** The number that an argument of a wait gives as its limit. */
function limitOf(argument: ts.Expression): string | undefined {
  if (ts.isNumericLiteral(argument)) return argument.getText()
  if (!ts.isObjectLiteralExpression(argument)) return undefined
  const timeout = argument.properties.find(({ name }) => name?.getText() === 'timeout')
  return timeout && ts.isPropertyAssignment(timeout) ? timeout.initializer.getText() : undefined
}

/** What ends a wait in less than a minute: `vi.waitFor` by itself after one second. */
function waitsArePatient(files: Files): readonly Offence[] {
  const minute = 60_000
  const waits = ['poll', 'waitFor', 'waitUntil']
  const withWaits = Object.entries(files).filter(([, text]) => waits.some((name) => text.includes(name)))
  const offences: Offence[] = []
  for (const source of treesOf(Object.fromEntries(withWaits))) {
    walk(source, (node) => {
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return
      const { name, expression } = node.expression
      if (!waits.includes(name.text)) return

      const limit = node.arguments.map(limitOf).find((each) => each !== undefined)
      const isByDefault = limit === undefined && expression.getText() === 'vi'
      const isShort = limit !== undefined && Number(limit.replaceAll('_', '')) < minute
      if (isByDefault || isShort) offences.push(`${source.fileName}: ${name.text}, ${limit ?? 'no timeout'}`)
    })
  }
  return offences
}

const laws: readonly Law[] = [
  {
    name: 'a room imports only the rooms beside it in the table',
    offences: roomsImportOnlyTheirNeighbours,
    planted: {
      'src/errors.ts': '',
      'src/protocol/failure.ts': `import '../errors.ts'; import type { A } from '../session/state.ts'`,
      'src/session/state.ts': `import '../protocol/failure.ts'; type W = import('../browser/web-lock.ts').W`,
      'src/browser/web-lock.ts': `export const load = () => import('../session/state.ts'); import './gone.ts'`,
      'src/kitchen/sink.ts': `export { a } from '../errors.ts'`,
    },
    found: [
      'src/protocol/failure.ts: protocol may not import session',
      'src/session/state.ts: session may not import browser',
      'src/browser/web-lock.ts: ./gone.ts is no file of ours',
      'src/kitchen/sink.ts: "kitchen" is no room',
    ],
  },
  {
    name: 'presets take types alone from the rooms whose options they are, and code only to check what they are given or to say where metadata is',
    offences: presetsAreData,
    planted: {
      'src/errors.ts': '',
      'src/manager/options.ts': `import { TokenManagerError } from '../errors.ts'`,
      'src/providers/checked.ts': `import { TokenManagerError } from '../errors.ts'`,
      'src/providers/preset.ts': `import type { A } from '../manager/options.ts'; type B = import('../manager/options.ts').B`,
      'src/providers/one.ts': `import { type A, check } from '../manager/options.ts'; import './checked.ts'`,
      'src/manager/metadata-from.ts': '',
      'src/providers/two.ts': `import { metadataFrom } from '../manager/metadata-from.ts'`,
    },
    found: ['src/providers/one.ts: takes code from src/manager/options.ts'],
  },
  {
    name: 'a package has one door',
    offences: packagesHaveOneDoor,
    planted: {
      'src/protocol/a.ts': `import { get } from 'idb-keyval'`,
      'src/session/b.ts': `import type { Client } from 'oauth4webapi'; import 'node:fs'`,
      'src/node/d.ts': `import * as oauth from 'oauth4webapi'; import { open } from 'node:fs/promises'; const load = () => import('@napi-rs/keyring')`,
      'src/browser/c.ts': `import { get } from 'idb-keyval'; import left from 'left-pad'; export { jwtVerify } from 'jose'`,
    },
    found: [
      'src/protocol/a.ts: protocol may not import idb-keyval',
      'src/session/b.ts: session may not import oauth4webapi',
      'src/session/b.ts: session may not import node:fs',
      'src/browser/c.ts: browser may not import left-pad',
      'src/browser/c.ts: browser may not import jose',
    ],
  },
  {
    name: 'imports make no cycle',
    offences: noCycles,
    planted: {
      'src/session/a.ts': `import './b.ts'`,
      'src/session/b.ts': `import type { C } from './c.ts'`,
      'src/session/c.ts': `export { a } from './a.ts'; import './d.ts'`,
      'src/session/d.ts': '',
    },
    found: ['src/session/a.ts → src/session/b.ts → src/session/c.ts → src/session/a.ts'],
  },
  {
    name: 'only a platform entry re-exports everything, and only the main entry',
    offences: exportAllOnlyInPlatformEntries,
    planted: {
      'src/index.ts': `export * from './errors.ts'; export { b } from './ports.ts'`,
      'src/browser/index.ts': `export * from '../index.ts'; export * from './popup.ts'`,
      'src/browser/popup.ts': `export * from '../index.ts'; export * as all from '../errors.ts'`,
    },
    found: [
      'src/index.ts: export * from ./errors.ts',
      'src/browser/index.ts: export * from ./popup.ts',
      'src/browser/popup.ts: export * from ../index.ts',
    ],
  },
  {
    name: 'globals are read only where they belong, and the core reads none that React Native lacks',
    offences: globalsOnlyWhereTheyBelong,
    planted: {
      'src/browser/page.ts': `window.open(location.href); setTimeout(() => {}, Date.now()); console.log(1)`,
      'src/in-process/clock.ts': `export const a = [Date.now(), performance.now(), Math.random(), navigator.onLine]`,
      'src/protocol/a.ts': `export const url = new URL('x:'); export const b = new URLSearchParams(); new TextDecoder(); fetch('')`,
      'src/session/time.ts': `const { now } = Date; export const a = [now(), Date.parse(''), new Date(0), new Date(), Date.now()]`,
      'src/session/react-native.ts': `
        AbortSignal.timeout(1); AbortSignal.any([]); structuredClone(1); navigator.locks; new BroadcastChannel('');
        new FinalizationRegistry(() => {}); globalThis.crypto; const o = { performance }; Math['random']`,
      'src/session/inside.ts': `
        export function f(fetch: () => void, { location }: { location: string }, x: typeof window, y: Window) {
          const crypto = { subtle: 1, setTimeout: 2 }
          fetch(); return [crypto.subtle, location, x, y, new AbortController(), Math.max(1), undefined, crypto.setTimeout]
        }`,
      'src/react-native/items.ts': `fetch(''); setTimeout(() => {}); new TextDecoder(); crypto.subtle; new URL('x:'); Math.random(); Date.now()`,
      'src/testing/clock.ts': `export const url = new URL('x:'); const { setTimeout } = globalThis; setTimeout(fetch)`,
      'src/requests/resource-matcher.ts': `export const host = (input: string | URL) => new URL(String(input)).host`,
    },
    found: [
      'src/browser/page.ts: console.log',
      'src/in-process/clock.ts: Math.random',
      'src/in-process/clock.ts: navigator.onLine',
      'src/protocol/a.ts: URL',
      'src/protocol/a.ts: new URLSearchParams()',
      'src/protocol/a.ts: new TextDecoder()',
      'src/protocol/a.ts: fetch',
      'src/session/time.ts: Date.now',
      'src/session/time.ts: new Date()',
      'src/session/time.ts: Date.now',
      'src/session/react-native.ts: AbortSignal.timeout',
      'src/session/react-native.ts: AbortSignal.any',
      'src/session/react-native.ts: structuredClone',
      'src/session/react-native.ts: navigator.locks',
      'src/session/react-native.ts: BroadcastChannel',
      'src/session/react-native.ts: FinalizationRegistry',
      'src/session/react-native.ts: globalThis.crypto',
      'src/session/react-native.ts: performance',
      'src/session/react-native.ts: Math[…]',
      'src/react-native/items.ts: new TextDecoder()',
      'src/react-native/items.ts: crypto.subtle',
      'src/react-native/items.ts: URL',
      'src/react-native/items.ts: Date.now',
      'src/testing/clock.ts: fetch',
      'src/requests/resource-matcher.ts: URL',
    ],
  },
  {
    name: 'a window message names its origin',
    offences: messagesNameTheirOrigin,
    planted: {
      'src/browser/a.ts': `opener.postMessage(1, '*'); opener.postMessage(1, { targetOrigin: '*' })`,
      'src/browser/b.ts': `opener.postMessage('*', location.origin); channel.postMessage('*')`,
    },
    found: [
      `src/browser/a.ts: opener.postMessage(1, '*')`,
      `src/browser/a.ts: opener.postMessage(1, { targetOrigin: '*' })`,
    ],
  },
  {
    name: 'a getter or a setter stands before what is spread into the same object',
    offences: gettersStandBeforeSpreads,
    planted: {
      'src/session/a.ts': `export const a = (b: object) => ({ ...b, get c() { return 1 }, set d(_: number) {}, e() {} })`,
      'src/session/b.ts': `export const b = (c: object) => ({ get d() { return { ...c } }, ...c, e: 1 })`,
    },
    found: ['src/session/a.ts: c', 'src/session/a.ts: d'],
  },
  {
    name: 'a file has at most 400 lines',
    offences: filesAreShort,
    planted: { 'src/a.ts': 'a\n'.repeat(400), 'src/b.ts': 'b\n'.repeat(401) },
    found: ['src/b.ts: 401 lines'],
  },
  {
    name: 'a name says what is inside',
    offences: namesSayWhatIsInside,
    files: { ...sources, ...readFiles('test'), ...readFiles('examples') },
    planted: {
      'src/session/utils.ts': '',
      'src/shared/a.ts': '',
      'src/session/types.d.ts': '',
      'src/session/core-record.ts': '',
    },
    found: ['src/session/utils.ts', 'src/shared/a.ts', 'src/session/types.d.ts'],
  },
  {
    name: 'a wait in a test ends what hangs, and nothing that is only slow',
    offences: waitsArePatient,
    files: readFiles('test'),
    planted: {
      'test/a.test.ts': `await vi.waitFor(() => done()); await vi.waitFor(done, 30_000); await vi.waitUntil(done, { interval: 5, timeout: 900 })`,
      'test/b.test.ts': `await expect.poll(() => f(1, 2), { timeout: 20_000 }).toBe(1); await page.getByText('a').waitFor({ timeout: 5 })`,
      'test/c.test.ts': `await expect.poll(() => f(1,2)).toBe(1); await vi.waitFor(done, { timeout: 60_000 }); page.getByText('a').waitFor(); vi.waitFor(done, 90_000)`,
    },
    found: [
      'test/a.test.ts: waitFor, no timeout',
      'test/a.test.ts: waitFor, 30_000',
      'test/a.test.ts: waitUntil, 900',
      'test/b.test.ts: poll, 20_000',
      'test/b.test.ts: waitFor, 5',
    ],
  },
  {
    name: 'no text names a folder of one machine',
    offences: textsNameNoMachine,
    files: Object.assign(
      {},
      ...['src', 'test', 'examples', 'bench', 'docs', 'scripts'].map((folder) => readTexts(folder)),
    ),
    planted: {
      'docs/a.md': `see ${['', 'home', 'me', 'x'].join('/')}`,
      'docs/b.md': 'see https://example.com/home/me and ./work/it',
    },
    found: [`docs/a.md: ${['', 'home', 'me'].join('/')}`],
  },
]

function readTexts(folder: string): Files {
  try {
    return readFiles(folder, ['.ts', '.mjs', '.md', '.html', '.css', '.json'])
  } catch {
    return {}
  }
}

for (const { name, offences, files = sources, planted, found } of [...laws, ...packed]) {
  describe(name, () => {
    it('holds', () => {
      expect(offences(files)).toEqual([])
    })

    it('would be seen broken', () => {
      expect(offences(planted)).toEqual(found)
    })
  })
}

describe('the picture of the rooms', () => {
  it('shows the imports as they are', () => {
    const markdown = readFileSync('docs/architecture.md', 'utf8')
    expect(withRooms(markdown, sources)).toBe(markdown)
  })

  it('leaves out an arrow that a longer way says as well', () => {
    const rooms = arrows({
      'src/errors.ts': '',
      'src/protocol/a.ts': `import '../errors.ts'`,
      'src/session/b.ts': `import '../protocol/a.ts'; import '../errors.ts'; import './c.ts'`,
    })
    expect(drawing(rooms).match(/\w+ --> \w+/g)).toEqual(['protocol --> errors', 'session --> protocol'])
  })
})

describe('the tables', () => {
  it('name every room there is, and no other', () => {
    expect(Object.keys(rooms).sort()).toEqual([...new Set(Object.keys(sources).map(roomOf))].sort())
  })
})
