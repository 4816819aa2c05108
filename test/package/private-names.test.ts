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

/** The sources, or `instead` in place of one of them. */
function programOf(instead?: { readonly file: string; readonly change: (source: string) => string }) {
  const { config } = ts.readConfigFile(`${root}tsconfig.node.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const host = ts.createCompilerHost({ ...options, noEmit: true })
  const { readFile } = host
  host.readFile = (path) => {
    const text = readFile(path)
    return path === `${root}${instead?.file}` && text !== undefined ? instead?.change(text) : text
  }
  return ts.createProgram(
    ofPages.map(({ source }) => source),
    { ...options, noEmit: true },
    host,
  )
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
    const sources = programOf().getSourceFiles().filter(isOwn)
    const used = new Set(sources.flatMap((source) => declaredIn(source.text)))
    expect(short.filter((name) => used.has(name))).toEqual([])
  })

  it('are members of no type that the package declares', () => {
    const declared = new Set(readTypes().flatMap(declaredIn))
    expect(declared.has('getAccessToken')).toBe(true)
    expect(privateNames.filter((name) => declared.has(name))).toEqual([])
  })

  it('are neither the platform’s nor stored, sent or told, and no text reaches them', () => {
    expect(dangersIn(programOf())).toEqual([])
  }, 60_000)

  it.each([
    [
      'a member that is stored',
      'src/session/record.ts',
      'readonly doubt?:',
      'readonly held?: string\n  readonly doubt?:',
      'held of SessionRecord',
    ],
    [
      'a member of a message',
      'src/session/sync.ts',
      'readonly version: 1',
      'readonly live: 1\n  readonly version: 1',
      'live of Message',
    ],
    ['a text', 'src/session/sync.ts', "'read'", "'held'", 'held as a text'],
    [
      'the platform’s',
      'src/browser/web-lock.ts',
      'let isThere = true',
      'let isThere = true\n  void navigator.locks.query().then((all) => all.held)',
      'held of a type that is not ours',
    ],
    [
      'what the platform is given',
      'src/browser/web-lock.ts',
      'let isThere = true',
      'let isThere = true\n  const all: LockManagerSnapshot = { held: [] }\n  void all',
      'held given to somebody else',
    ],
  ])(
    '%s would be found',
    (_, file, before, after, danger) => {
      const change = (source: string) => source.replace(before, after)
      expect(change(readFileSync(`${root}${file}`, 'utf8'))).toContain(after)
      expect(dangersIn(programOf({ file, change }))).toContain(danger)
    },
    60_000,
  )
})

function readTypes(): string[] {
  return ts.sys.readDirectory(`${root}dist`, ['.d.ts']).map((path) => readFileSync(path, 'utf8'))
}
