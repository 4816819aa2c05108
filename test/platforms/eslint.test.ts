import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { platformsFolder } from '../../scripts/platform-packages.mjs'

/** What a person is told of a file. */
interface Message {
  readonly ruleId: string | null
  readonly message: string
}

interface Result {
  readonly messages: readonly Message[]
}

const installed = createRequire(join(platformsFolder, 'package.json'))
const { ESLint } = installed('eslint')
const { configs } = installed('typescript-eslint')

const eslint: {
  lintFiles(patterns: readonly string[]): Promise<readonly Result[]>
  lintText(code: string, options: { readonly filePath: string }): Promise<readonly Result[]>
} = new ESLint({
  cwd: root,
  overrideConfigFile: true,
  overrideConfig: [
    ...configs.recommendedTypeChecked,
    {
      languageOptions: {
        parserOptions: {
          project: 'tsconfig.tests.json',
          tsconfigRootDir: root,
          // Otherwise the parser takes a CI for a run that sees each file once; here one file is linted with many texts.
          disallowAutomaticSingleRunInference: true,
        },
      },
    },
  ],
})

/** What the recommended rules that know types say of the code, in place of the example's page. */
async function rulesAgainst(code: string): Promise<readonly (string | null)[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, 'examples/react-vite/notes.tsx') })
  return result?.messages.map(({ ruleId }) => ruleId) ?? []
}

it('ESLint with typed rules has nothing against the React example: methods may be taken off the manager', async () => {
  const results = await eslint.lintFiles(['examples/react-vite/*.{ts,tsx}'])
  expect(results.length).toBeGreaterThan(3)
  expect(results.flatMap(({ messages }) => messages)).toEqual([])

  const unbound = 'export const { fetch } = new (class { fetch(): string { return typeof this } })()\n'
  expect(await rulesAgainst(unbound)).toEqual(['@typescript-eslint/unbound-method'])
})

it('and refuses an access token in a template string, which TypeScript accepts', async () => {
  const withToken = (expression: string) =>
    rulesAgainst(
      `import { tokens } from './app-tokens.ts'\nconst token = await tokens.getAccessToken()\nexport const field = ${expression}\n`,
    )
  expect(await withToken(`\`Bearer \${token.value}\``)).toEqual([])
  expect(await withToken(`\`Bearer \${token}\``)).toContain('@typescript-eslint/restrict-template-expressions')
  expect(await withToken(`'Bearer ' + token`)).toContain('@typescript-eslint/restrict-plus-operands')
})
