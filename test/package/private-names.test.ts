import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { entries, root } from '../../scripts/entries.mjs'
import { privateNames, shortNames } from '../../scripts/private-names.mjs'

const isPrivate = (name: string) => privateNames.includes(name)
const ofPages = entries.filter(({ production }) => production)

/** What lies in a store, or goes to another context: the file, and the type. */
const LEAVES = [
  ['src/session/record.ts', 'SessionRecord'],
  ['src/session/transaction.ts', 'Pending'],
  ['src/session/sync.ts', 'Message'],
  ['src/browser/refresh-worker.ts', 'RefreshMessage'],
  ['src/session/events.ts', 'TokenManagerEvent'],
] as const

/** A change of one source. */
interface Change {
  readonly file: string
  readonly before: string
  readonly after: string
}

/** What each of these changes makes unsafe. */
const planted: readonly (readonly [what: string, danger: string, Change])[] = [
  [
    'a member that is stored',
    'held of SessionRecord',
    {
      file: 'src/session/record.ts',
      before: 'readonly doubt?:',
      after: 'readonly held?: string\n  readonly doubt?:',
    },
  ],
  [
    'a member of a message',
    'live of Message',
    {
      file: 'src/session/sync.ts',
      before: 'readonly version: 1',
      after: 'readonly live: 1\n  readonly version: 1',
    },
  ],
  ['a text', 'held as a text', { file: 'src/session/sync.ts', before: "'read'", after: "'held'" }],
  [
    'the platform’s',
    'held of a type that is not ours',
    {
      file: 'src/browser/web-lock.ts',
      before: 'let isThere = true',
      after: 'let isThere = true\n  void navigator.locks.query().then((all) => all.held)',
    },
  ],
  [
    'what the platform is given',
    'held given to somebody else',
    {
      file: 'src/browser/web-lock.ts',
      before: 'let isThere = true',
      after: 'let isThere = true\n  const all: LockManagerSnapshot = { held: [] }\n  void all',
    },
  ],
]

const { config } = ts.readConfigFile(`${root}tsconfig.node.json`, ts.sys.readFile)
const options = { ...ts.parseJsonConfigFileContent(config, ts.sys, root).options, noEmit: true }
const unchanged = programOf([])

/** The sources with some changes. What they leave as it is comes from the program without any. */
function programOf(changes: readonly Change[], before?: ts.Program): ts.Program {
  const host = ts.createCompilerHost(options)
  const { readFile, getSourceFile } = host
  const changesOf = (path: string) => changes.filter(({ file }) => path === `${root}${file}`)
  host.readFile = (path) => {
    const text = readFile(path)
    return text === undefined ? undefined : changesOf(path).reduce(changed, text)
  }
  host.getSourceFile = (path, ...others) => {
    const known = changesOf(path).length > 0 ? undefined : before?.getSourceFile(path)
    return known ?? getSourceFile(path, ...others)
  }
  const sources = ofPages.map(({ source }) => source)
  return ts.createProgram(sources, options, host, before)
}

function changed(text: string, { file, before, after }: Change): string {
  if (!text.includes(before)) throw new Error(`${file} has no longer: ${before}`)
  return text.replace(before, after)
}

const isOwn = (node: ts.Node) => node.getSourceFile().fileName.startsWith(`${root}src/`)

/** What makes a private name unsafe to shorten. */
function dangersIn(program: ts.Program): string[] {
  const checker = program.getTypeChecker()
  const sources = program.getSourceFiles().filter((file) => file.fileName.startsWith(`${root}src/`))
  const found = new Set<string>()

  const isForeign = (symbol: ts.Symbol | undefined) => symbol?.declarations?.some((one) => !isOwn(one)) ?? false
  const visit = (node: ts.Node): void => {
    // A member of somebody else's, as the platform's.
    if (ts.isIdentifier(node) && isPrivate(node.text)) {
      const { parent } = node
      const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node
      if (isMember && isForeign(checker.getSymbolAtLocation(node))) found.add(`${node.text} of a type that is not ours`)
      const isGiven =
        (ts.isPropertyAssignment(parent) || ts.isShorthandPropertyAssignment(parent)) && parent.name === node
      const wanted = isGiven && checker.getContextualType(parent.parent)
      if (wanted && isForeign(wanted.getProperty(node.text))) found.add(`${node.text} given to somebody else`)
    }
    // A text that would reach it; types are gone by then.
    const isText = ts.isStringLiteralLike(node) && !ts.isLiteralTypeNode(node.parent)
    if (isText && isPrivate(node.text)) found.add(`${node.text} as a text`)
    ts.forEachChild(node, visit)
  }
  for (const source of sources) visit(source)

  for (const [file, name] of LEAVES) {
    const source = sources.find(({ fileName }) => fileName === `${root}${file}`)
    const declared = source?.statements.find(
      (one) => (ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)) && one.name.text === name,
    )
    if (!declared) throw new Error(`${file} has no type ${name}`)
    for (const member of membersOf(checker, checker.getTypeAtLocation(declared)))
      if (isPrivate(member)) found.add(`${member} of ${name}`)
  }
  return [...found]
}

/** The names of all members of `type`, and of theirs, as far as they are ours. */
function membersOf(checker: ts.TypeChecker, type: ts.Type, seen = new Set<ts.Type>()): string[] {
  if (seen.has(type)) return []
  seen.add(type)
  if (type.isUnionOrIntersection()) return type.types.flatMap((one) => membersOf(checker, one, seen))
  const elements = [...checker.getTypeArguments(type as ts.TypeReference), checker.getIndexInfosOfType(type)[0]?.type]
  const own = checker.getPropertiesOfType(type).filter(({ declarations = [] }) => declarations.every(isOwn))
  const below = own.flatMap((one) => membersOf(checker, checker.getTypeOfSymbol(one), seen))
  const within = elements.flatMap((one) => (one ? membersOf(checker, one, seen) : []))
  return [...own.map(({ name }) => name), ...below, ...within]
}

/** The names of members in what an entry declares. */
function declaredIn(text: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const isMember = ts.isTypeElement(node) || ts.isClassElement(node) || ts.isPropertyAssignment(node)
    if (isMember && node.name && ts.isIdentifier(node.name)) found.push(node.name.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('types.d.ts', text, ts.ScriptTarget.ES2022, true))
  return found
}

describe('the names that the build for production shortens', () => {
  it('are told apart when they are short as well, and say nothing else', () => {
    const short = Object.values(shortNames)
    expect(new Set(short).size).toBe(privateNames.length)
    const sources = unchanged.getSourceFiles().filter(isOwn)
    const used = new Set(sources.flatMap((source) => declaredIn(source.text)))
    expect(short.filter((name) => used.has(name))).toEqual([])
  })

  it('are members of no type that the package declares', () => {
    const declared = new Set(readTypes().flatMap(declaredIn))
    expect(declared.has('getAccessToken')).toBe(true)
    expect(privateNames.filter((name) => declared.has(name))).toEqual([])
  })

  it('are neither the platform’s nor stored, sent or told, and no text reaches them', () => {
    expect(dangersIn(unchanged)).toEqual([])
  })

  describe('after changes that make some unsafe', () => {
    // All at once: each of them has words of its own, and a program takes long to read.
    const changes = planted.map(([, , change]) => change)
    const found = dangersIn(programOf(changes, unchanged))

    it.each(planted)('%s is found', (_, danger) => {
      expect(found).toContain(danger)
    })

    it('nothing else is found', () => {
      expect(found.toSorted()).toEqual(planted.map(([, danger]) => danger).toSorted())
    })
  })
})

function readTypes(): string[] {
  return ts.sys.readDirectory(`${root}dist`, ['.d.ts']).map((path) => readFileSync(path, 'utf8'))
}
