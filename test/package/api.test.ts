import { type OutputChunk, rollup } from 'rollup'
import dts from 'rollup-plugin-dts'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { entries } from '../../scripts/entries.mjs'

const ownFiles = entries.map(({ types }) => types)
const reports = await apiReports()

// A change of the public API shows in review as a change of these files. `npx vitest run --project=package -u` writes them.
it.each(reports)('$fileName has the types that were reviewed', async ({ fileName, code }) => {
  await expect(withoutComments(code)).toMatchFileSnapshot(`api/${fileName}`)
})

/** One report for each entry with what is its own, and `several-entries.d.ts` with what several have, which they import by name. */
async function apiReports(): Promise<OutputChunk[]> {
  const bundle = await rollup({
    input: Object.fromEntries(entries.map(({ name, types }) => [name, types])),
    plugins: [dts()],
    external: (id) => !/^[./]/.test(id),
    onwarn: () => {},
  })
  const { output } = await bundle.generate({
    format: 'es',
    entryFileNames: '[name].d.ts',
    chunkFileNames: '[name].d.ts',
    manualChunks: (id) => (ownFiles.includes(id) ? undefined : 'several-entries'),
    minifyInternalExports: false,
    hoistTransitiveImports: false,
  })
  return output.filter((file): file is OutputChunk => file.type === 'chunk')
}

function withoutComments(text: string): string {
  const source = ts.createSourceFile('api.d.ts', text, ts.ScriptTarget.ES2022)
  return ts.createPrinter({ removeComments: true }).printFile(source)
}
