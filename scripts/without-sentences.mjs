import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import ts from 'typescript'

/** What a parameter is called that takes a sentence for developers. */
const SENTENCE = 'sentence'

/** What only puts sentences together: where nobody wants the sentence, it need not run. */
export const sentenceMakers = ['hintAt', 'withoutQuery', 'wordsOf', 'wrongMember']

/**
 * Leaves out of the sources the sentences that tell a developer what is wrong: each argument for a parameter called `sentence`. Whoever
 * gets no sentence says code and reason, and where they are explained.
 *
 * It reads TypeScript, so it goes before what compiles it.
 */
export function withoutSentences() {
  return {
    name: 'without-sentences',
    /**
     * @param {string} code
     * @param {string} id
     */
    transform(code, id) {
      const path = id.split('?', 1)[0] ?? ''
      // Both builds share what is in `errors.ts`, so that an error is of one class.
      const isPart = /\/src\/.*\.ts$/.test(path) && !path.endsWith('/src/errors.ts')
      return isPart ? { code: withoutSentencesIn(code, path), map: null } : undefined
    },
  }
}

/**
 * @param {string} code
 * @param {string} path where `code` lies: what it imports is looked up from there
 */
export function withoutSentencesIn(code, path) {
  const source = parse(code, path)
  const takers = new Map([...importedTakers(source, path), ...declaredTakers(source)])
  /** @type {ts.Node[]} */
  const found = []

  /** @param {ts.Node} node */
  const visit = (node) => {
    const args = argumentsOf(node)
    const sentence = args && ts.isIdentifier(args.callee) ? takers.get(args.callee.text) : undefined
    const said = sentence === undefined ? undefined : args?.list[sentence]
    if (said) found.push(said)
    ts.forEachChild(node, (child) => {
      if (child !== said) visit(child)
    })
  }
  visit(source)

  let text = code
  // From the end, so that the places before stay where they are.
  for (const said of found.sort((a, b) => b.pos - a.pos)) {
    const list = argumentsOf(said.parent)?.list ?? []
    const before = list[list.length - 2]
    const isLast = said === list.at(-1)
    const [from, instead] = isLast
      ? [before?.getEnd() ?? said.getStart(source), '']
      : [said.getStart(source), 'undefined']
    text = `${text.slice(0, from)}${instead}${text.slice(said.getEnd())}`
  }
  return text
}

/** @param {ts.Node} node */
function argumentsOf(node) {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return
  return { callee: node.expression, list: node.arguments ?? [] }
}

/**
 * The functions and classes that take a sentence, and as which argument.
 *
 * @param {ts.SourceFile} source
 * @returns {Map<string, number>}
 */
function declaredTakers(source) {
  const takers = new Map()
  /**
   * @param {ts.Node | undefined} name
   * @param {readonly ts.ParameterDeclaration[]} parameters
   */
  const note = (name, parameters) => {
    const index = parameters.findIndex(({ name }) => ts.isIdentifier(name) && name.text === SENTENCE)
    if (index >= 0 && name && ts.isIdentifier(name)) takers.set(name.text, index)
  }
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isFunctionDeclaration(node)) note(node.name, node.parameters)
    if (ts.isConstructorDeclaration(node)) note(node.parent.name, node.parameters)
    if (ts.isVariableDeclaration(node) && node.initializer && ts.isArrowFunction(node.initializer))
      note(node.name, node.initializer.parameters)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return takers
}

/**
 * The same of what a file imports from other sources.
 *
 * @param {ts.SourceFile} source
 * @param {string} path
 * @returns {Map<string, number>}
 */
function importedTakers(source, path) {
  const takers = new Map()
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue
    const names = statement.importClause?.namedBindings
    const { text: specifier } = statement.moduleSpecifier
    if (!names || !ts.isNamedImports(names) || !/^\.{1,2}\/.*\.ts$/.test(specifier)) continue

    const theirs = takersOf(resolve(dirname(path), specifier))
    for (const { name, propertyName } of names.elements) {
      const index = theirs.get((propertyName ?? name).text)
      if (index !== undefined) takers.set(name.text, index)
    }
  }
  return takers
}

/** @type {Map<string, Map<string, number>>} */
const known = new Map()

/** @param {string} path */
function takersOf(path) {
  const takers = known.get(path) ?? declaredTakers(parse(readFileSync(path, 'utf8'), path))
  known.set(path, takers)
  return takers
}

/**
 * @param {string} code
 * @param {string} path
 */
function parse(code, path) {
  return ts.createSourceFile(path, code, ts.ScriptTarget.ES2022, true)
}
