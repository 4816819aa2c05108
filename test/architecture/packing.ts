import ts from 'typescript'
import { checkerOf, type Files, type Law, type Offence, treesOf, walk } from './tree.ts'

/** How deep statements may stand inside one another within one function. */
const NESTING = 3

/** How many conditions may stand together without a name. */
const CONDITIONS = 2

/** Calls that may run the function they are given more than once. */
const RUNS_AGAIN = ['update', 'retry']

/** How the types of such functions are called. */
const TYPE_RUN_AGAIN = /^\w*Change$/

/** Code that was made shorter and is harder to read for it. */
export const packingLaws: readonly Law[] = [
  {
    name: 'no object literal is spread into another one',
    offences: literalsSpreadIntoLiterals,
    planted: {
      'src/a.ts': `export const a = { ...{ b: 1, c: 2 }, d: 3 }; export const b = { ...({ c: 1 } as const) }`,
      'src/b.ts': `export const a = (b: object, c?: object) => ({ ...b, ...(c && { c }), d: { e: 1 } })`,
    },
    found: ['src/a.ts:1: ...{ b: 1, c: 2 }', 'src/a.ts:1: ...({ c: 1 } as const)'],
  },
  {
    name: 'nothing is read from Object(…)',
    offences: membersOfAnything,
    planted: {
      'src/a.ts': `
        export const a = (b: unknown) => Object(b).c
        export const d = (e: unknown) => { const { f } = Object(e) as { f: unknown }; return [f, Object(e)['g']] }`,
      'src/b.ts': `export const keys = (a: object) => Object.keys(a); export const b = (a: unknown) => a === Object(a)`,
    },
    found: ['src/a.ts:2: Object(b).c', 'src/a.ts:3: { f } = Object(e) as { f: unknown }', `src/a.ts:3: Object(e)['g']`],
  },
  {
    name: 'statements stand at most three deep in one another',
    offences: deepStatements,
    planted: {
      'src/a.ts': `
        export function a(b: number[]) {
          for (const c of b) {
            try {
              if (c > 1) while (b.pop()) if (c) return
            } finally {
            }
          }
        }`,
      'src/b.ts': `
        export function a(b: number) {
          if (b === 1) return
          else if (b === 2) return
          else if (b === 3) return
          else if (b === 4) return
          for (;;) if (b) while (b) setTimeout(() => { if (b) return })
        }`,
    },
    found: ['src/a.ts:5: while (b.pop()) if (c) return', 'src/a.ts:5: if (c) return'],
  },
  {
    name: 'more than two conditions together have a name',
    offences: namelessConditions,
    planted: {
      'src/a.ts': `
        export function a(b: number, c: number, d: number) {
          if (b && c && d) return 1
          while (b || (c && !d)) b++
          return b && c && d ? 2 : 3
        }`,
      'src/b.ts': `
        export function isA(b: number, c: number, d: number) {
          const isB = b > 1 && c > 1 && d > 1
          if (isB && b) return true
          return b === 0 || c === 0 || d === 0
        }`,
    },
    found: ['src/a.ts:3: b && c && d', 'src/a.ts:4: b || (c && !d)', 'src/a.ts:5: b && c && d'],
  },
  {
    name: 'a function that may run again writes nothing outside itself',
    offences: outcomesWrittenOutside,
    planted: {
      'src/a.ts': `
        let count = 0
        const seen = { last: 0 }
        update((now: number) => { count = now })
        session.update((now: number) => { if (now) { seen.last = now } })
        export const change: Change = (now) => { count++; return now }
        function add() { count += 1 }
        session.retry(add, 'store')
        const take = () => { delete seen.last }
        update(take)`,
      'src/b.ts': `
        let count = 0
        session.update((now: number) => { let sum = 0; sum += now; return { sum } })
        export const once = () => { count = 1 }
        hash.update(count)`,
    },
    found: [
      'src/a.ts:4: count = now',
      'src/a.ts:5: seen.last = now',
      'src/a.ts:6: count++',
      'src/a.ts:7: count += 1',
      'src/a.ts:9: delete seen.last',
    ],
  },
]

/** `{ ...{ a, b }, c }` says the same as `{ a, b, c }`, on fewer lines and less readably. */
function literalsSpreadIntoLiterals(files: Files): readonly Offence[] {
  return find(files, (node) => ts.isSpreadAssignment(node) && ts.isObjectLiteralExpression(bare(node.expression)))
}

/** `Object(x).y` hides that `x` may be anything. */
function membersOfAnything(files: Files): readonly Offence[] {
  return find(files, (node) => {
    if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) return isObjectCall(node.expression)
    if (!ts.isVariableDeclaration(node) || !node.initializer) return false
    return ts.isObjectBindingPattern(node.name) && isObjectCall(node.initializer)
  })
}

/** What has to be kept in mind to read the innermost one is too much. */
function deepStatements(files: Files): readonly Offence[] {
  return find(files, (node) => isNesting(node) && depthOf(node) > NESTING)
}

/** A reader has to work out what they mean together. In a variable or as the answer of a function they have a name. */
function namelessConditions(files: Files): readonly Offence[] {
  return find(files, (node) => isCondition(node) && countConditions(node) > CONDITIONS)
}

/** What an earlier run wrote is still there at the next. */
function outcomesWrittenOutside(files: Files): readonly Offence[] {
  const checker = checkerOf(files)
  const again = functionsRunAgain(files)

  return find(files, (node) => {
    const root = rootWritten(node)
    const declared = root && checker.getSymbolAtLocation(root)?.declarations?.[0]
    if (!declared) return false

    for (let around: ts.Node = node; around.parent; around = around.parent) {
      const isOutside = declared.pos < around.pos || declared.end > around.end
      if (again.has(around) && isOutside) return true
    }
    return false
  })
}

function find(files: Files, isOffence: (node: ts.Node) => boolean): readonly Offence[] {
  const offences: Offence[] = []
  for (const source of treesOf(files)) {
    walk(source, (node) => {
      if (!isOffence(node)) return
      const [first = ''] = node.getText().split('\n')
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
      offences.push(`${source.fileName}:${line}: ${first}`)
    })
  }
  return offences
}

/** `node` without its parentheses and casts. */
function bare(node: ts.Expression): ts.Expression {
  let inside = node
  while (ts.isParenthesizedExpression(inside) || ts.isAsExpression(inside)) inside = inside.expression
  return inside
}

function isObjectCall(node: ts.Expression): boolean {
  const call = bare(node)
  return ts.isCallExpression(call) && ts.isIdentifier(call.expression) && call.expression.text === 'Object'
}

function isNesting(node: ts.Node): boolean {
  const isElseIf = ts.isIfStatement(node) && ts.isIfStatement(node.parent) && node.parent.elseStatement === node
  if (isElseIf) return false
  return (
    ts.isIfStatement(node) ||
    ts.isIterationStatement(node, false) ||
    ts.isSwitchStatement(node) ||
    ts.isTryStatement(node)
  )
}

function depthOf(node: ts.Node): number {
  let depth = 0
  for (let around: ts.Node = node; around.parent && !ts.isFunctionLike(around); around = around.parent)
    if (isNesting(around)) depth++
  return depth
}

function isCondition(node: ts.Node): node is ts.Expression {
  const { parent } = node
  if (!parent) return false
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent))
    return parent.expression === node
  return (ts.isForStatement(parent) || ts.isConditionalExpression(parent)) && parent.condition === node
}

function countConditions(node: ts.Expression): number {
  const inside = bare(node)
  if (ts.isPrefixUnaryExpression(inside)) return countConditions(inside.operand)
  if (!ts.isBinaryExpression(inside)) return 1
  const { kind } = inside.operatorToken
  const isLogical = kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken
  return isLogical ? countConditions(inside.left) + countConditions(inside.right) : 1
}

/** The variable that `node` writes, or writes something of. */
function rootWritten(node: ts.Node): ts.Identifier | undefined {
  const target = targetWritten(node)
  if (!target) return undefined
  let root = bare(target)
  while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root)) root = bare(root.expression)
  return ts.isIdentifier(root) ? root : undefined
}

function targetWritten(node: ts.Node): ts.Expression | undefined {
  if (ts.isDeleteExpression(node)) return node.expression
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken
    const isAssignment = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
    return isAssignment ? node.left : undefined
  }
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return undefined
  const isStep = node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken
  return isStep ? node.operand : undefined
}

/** Functions handed to a call that may run them again, there or by their name, and those whose type says it. */
function functionsRunAgain(files: Files): ReadonlySet<ts.Node> {
  const checker = checkerOf(files)
  const again = new Set<ts.Node>()
  const add = (given: ts.Node | undefined) => {
    if (given && isFunction(given)) again.add(given)
  }
  for (const source of treesOf(files)) {
    walk(source, (node) => {
      if (ts.isVariableDeclaration(node) && TYPE_RUN_AGAIN.test(node.type?.getText() ?? '')) add(node.initializer)
      if (!ts.isCallExpression(node) || !RUNS_AGAIN.includes(nameCalled(node))) return
      for (const argument of node.arguments) {
        const declared = checker.getSymbolAtLocation(argument)?.declarations?.[0]
        add(argument)
        add(declared)
        if (declared && ts.isVariableDeclaration(declared)) add(declared.initializer)
      }
    })
  }
  return again
}

function isFunction(node: ts.Node): boolean {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isFunctionDeclaration(node)
}

function nameCalled({ expression }: ts.CallExpression): string {
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText()
}
