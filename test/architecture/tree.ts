import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** Source texts by path from the repository's root, with forward slashes. */
export type Files = Readonly<Record<string, string>>

/** Something a law forbids: where it is, and what. */
export type Offence = string

/** What the sources are held to. */
export interface Law {
  readonly name: string
  readonly offences: (files: Files) => readonly Offence[]
  /** What it is held against; all of `src` unless it says otherwise. */
  readonly files?: Files
  /** Files that break it, and what it has to find in them; the rest of them keeps it. */
  readonly planted: Files
  readonly found: readonly Offence[]
}

/** One `import`, `export … from` or `import()`. */
export interface Import {
  readonly from: string
  readonly specifier: string
  /** The path of the file it names; `undefined` for a package. */
  readonly file: string | undefined
  readonly isExportAll: boolean
  /** It takes types, and is gone when the file runs. */
  readonly isTypeOnly: boolean
}

/** A global that is read as a value: `URL`, and with the member that is taken, `Date.now`; `new Date()` stands for itself. */
export interface GlobalUse {
  readonly file: string
  readonly name: string
  readonly member: string | undefined
  /** Whether the language has it (ECMAScript); otherwise only platforms do. */
  readonly isOfTheLanguage: boolean
}

/** Every file below `folder` whose name ends in one of `endings`. */
export function readFiles(folder: string, endings: readonly string[] = ['.ts']): Files {
  const files: Record<string, string> = {}
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inside = `${path}/${entry.name}`
      if (entry.isDirectory() && entry.name !== 'node_modules') visit(inside)
      else if (endings.some((ending) => entry.name.endsWith(ending))) files[inside] = readFileSync(inside, 'utf8')
    }
  }
  visit(folder)
  return files
}

const target = ts.ScriptTarget.ES2022
const parsed = new Map<string, ts.SourceFile>()

/** The files as trees. Whatever is asked of a file, it is parsed once. */
export function treesOf(files: Files): readonly ts.SourceFile[] {
  return Object.entries(files).map(([path, text]) => treeOf(path, text))
}

function treeOf(path: string, text: string): ts.SourceFile {
  const key = `${path}\n${text}`
  const tree = parsed.get(key) ?? ts.createSourceFile(path, text, target, true)
  parsed.set(key, tree)
  return tree
}

/** With the language alone: what is declared nowhere then is of a platform. */
const options: ts.CompilerOptions = { target, lib: ['lib.es2022.d.ts'], types: [], noResolve: true, noEmit: true }
const libraryFolder = dirname(ts.getDefaultLibFilePath(options))
const checkers = new WeakMap<Files, ts.TypeChecker>()

/** Looks up what names in the trees of these files mean. Imports are not followed. */
export function checkerOf(files: Files): ts.TypeChecker {
  const checker = checkers.get(files) ?? programOf(files).getTypeChecker()
  checkers.set(files, checker)
  return checker
}

function programOf(files: Files): ts.Program {
  return ts.createProgram(Object.keys(files), options, {
    ...ts.createCompilerHost(options),
    getSourceFile(path) {
      const text = files[path] ?? ts.sys.readFile(path)
      return text === undefined ? undefined : treeOf(path, text)
    },
    fileExists: (path) => path in files || ts.sys.fileExists(path),
    getCurrentDirectory: () => '',
    writeFile: () => {},
  })
}

/** Calls `visit` for every node. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** Everything the files import. */
export function importsOf(files: Files): readonly Import[] {
  const imports: Import[] = []
  for (const source of treesOf(files)) {
    const add = (specifier: ts.Node | undefined, isExportAll: boolean, isTypeOnly = false) => {
      if (!specifier) return
      const text = ts.isStringLiteralLike(specifier) ? specifier.text : '(computed)'
      const file = text.startsWith('.') ? join(dirname(source.fileName), text).replaceAll('\\', '/') : undefined
      imports.push({ from: source.fileName, specifier: text, file, isExportAll, isTypeOnly })
    }
    walk(source, (node) => {
      if (ts.isImportDeclaration(node))
        add(node.moduleSpecifier, false, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
      if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, !node.exportClause, node.isTypeOnly)
      if (ts.isImportTypeNode(node))
        add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument, false, true)
      if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
        add(node.arguments[0], false)
    })
  }
  return imports
}

/** Every global the files read as a value; types do not count. */
export function globalsOf(files: Files): readonly GlobalUse[] {
  const checker = checkerOf(files)
  const uses: GlobalUse[] = []
  for (const source of treesOf(files)) {
    walk(source, (node) => {
      if (!ts.isIdentifier(node) || !isRead(node)) return
      const shorthand = ts.isShorthandPropertyAssignment(node.parent)
      const symbol = shorthand
        ? checker.getShorthandAssignmentValueSymbol(node.parent)
        : checker.getSymbolAtLocation(node)
      const declaredIn = symbol?.declarations?.map((declaration) => declaration.getSourceFile().fileName) ?? []
      if (node.text === 'undefined' || declaredIn.some((path) => path in files)) return
      uses.push({
        file: source.fileName,
        name: node.text,
        member: memberOf(node),
        isOfTheLanguage: declaredIn.some((path) => path.startsWith(join(libraryFolder, 'lib.es'))),
      })
    })
  }
  return uses
}

function isRead(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isBindingElement(parent)) return parent.initializer === node
  if (ts.isImportSpecifier(parent)) return false
  if (ts.isExportSpecifier(parent)) return !parent.parent.parent.moduleSpecifier
  return !ts.isPartOfTypeNode(node) && !isInTypeQuery(node)
}

function isInTypeQuery(node: ts.Node): boolean {
  if (ts.isTypeQueryNode(node)) return true
  return (ts.isIdentifier(node) || ts.isQualifiedName(node)) && isInTypeQuery(node.parent)
}

function memberOf(node: ts.Identifier): string | undefined {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return `${node.text}.${parent.name.text}`
  if (ts.isElementAccessExpression(parent) && parent.expression === node) return `${node.text}[…]`
  if (ts.isNewExpression(parent) && !parent.arguments?.length) return `new ${node.text}()`
  // `const { now } = Date` takes members as well.
  if (ts.isVariableDeclaration(parent) && ts.isObjectBindingPattern(parent.name)) {
    return `${node.text}.${parent.name.elements.map((element) => (element.propertyName ?? element.name).getText()).join('|')}`
  }
  return undefined
}
