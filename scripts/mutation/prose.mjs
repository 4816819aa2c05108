// Messages are for people: no test holds them to the letter. Codes, reasons and events are looked at.
const prose = new Map([
  ['TokenManagerError', 2],
  ['rejected', 1],
])

/** @param {any} path where the parser is */
function shouldIgnore({ node, parent }) {
  if (parent?.type !== 'NewExpression' && parent?.type !== 'CallExpression') return undefined
  const { callee } = parent
  const index = callee.type === 'Identifier' ? prose.get(callee.name) : undefined
  return index !== undefined && parent.arguments[index] === node ? 'a message' : undefined
}

export const strykerPlugins = [{ kind: 'Ignore', name: 'prose', value: { shouldIgnore } }]
