import { type OutputChunk, rollup } from 'rollup'
import dts from 'rollup-plugin-dts'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { entries } from '../../scripts/entries.mjs'

// A change of the public API shows in review as a change of these files. `npx vitest run --project=package -u` writes them.
it.each(entries)('$specifier has the types that were reviewed', async ({ name, types }) => {
  const bundle = await rollup({ input: types, plugins: [dts()], external: (id) => !/^[./]/.test(id), onwarn: () => {} })
  const { output } = await bundle.generate({ format: 'es' })
  const { code } = output.find((file): file is OutputChunk => file.type === 'chunk') ?? { code: '' }
  await expect(withoutComments(code)).toMatchFileSnapshot(`api/${name}.d.ts`)
})

function withoutComments(text: string): string {
  const source = ts.createSourceFile('api.d.ts', text, ts.ScriptTarget.ES2022)
  return ts.createPrinter({ removeComments: true }).printFile(source)
}
