import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin'

// Messages are for people: no test holds them to the letter. Codes, reasons and events are looked at.
const prose = new Map([
  ['TokenManagerError', 2],
  ['rejected', 1],
])

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'prose', {
    shouldIgnore(path) {
      const { node, parent } = /** @type {any} */ (path)
      if (parent?.type !== 'NewExpression' && parent?.type !== 'CallExpression') return undefined
      const { callee } = parent
      const index = callee.type === 'Identifier' ? prose.get(callee.name) : undefined
      return index !== undefined && parent.arguments[index] === node ? 'a message' : undefined
    },
  }),
]
