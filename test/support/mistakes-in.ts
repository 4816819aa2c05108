import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../scripts/entries.mjs'
import { documents, folderOf, snippetsFolder } from './document-blocks.ts'

const execute = promisify(execFile)

type Paths = Readonly<Record<string, readonly string[]>>

const compiler = join(root, 'node_modules/typescript-7/bin/tsc')
const own: { compilerOptions: { paths: Paths } } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'))

/**
 * What TypeScript has against blocks of documents.
 *
 * @param files their texts by paths within the folder of snippets
 * @param extra compiler options beside the project's own; `paths` are added to its own
 * @param beside files of the project that have to be read too
 */
export async function mistakesIn(
  files: ReadonlyMap<string, string>,
  { paths = {}, ...extra }: { readonly paths?: Paths; readonly [option: string]: unknown } = {},
  beside: readonly string[] = [],
): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-snippets-'))
  const placeOf = (path: string) => join(folder, relative(snippetsFolder, path))
  try {
    // What they import is where it is for the project.
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
    for (const [path, text] of files) {
      await mkdir(dirname(placeOf(path)), { recursive: true })
      await writeFile(placeOf(path), text)
    }

    const compilerOptions = {
      // A snippet may show a name without using it.
      noUnusedLocals: false,
      incremental: false,
      tsBuildInfoFile: null,
      jsx: 'react-jsx',
      rootDirs: [folder, ...documents.map((document) => placeOf(folderOf(document)))],
      ...extra,
      paths: {
        ...moved(own.compilerOptions.paths, (path) => join(root, path)),
        ...moved(paths, placeOf),
      },
    }
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: [] }
    const project = { ...config, files: [...[...files.keys()].map(placeOf), ...beside] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project))
    return mistakesOf(await compilerOutput(folder))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function moved(paths: Paths, placeOf: (path: string) => string): Paths {
  return Object.fromEntries(Object.entries(paths).map(([name, places]) => [name, places.map(placeOf)]))
}

/** What the compiler prints, which ends with a failure if there are mistakes. */
async function compilerOutput(folder: string): Promise<string> {
  const run = execute(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], { cwd: folder })
  const { stdout } = await run.catch((failure: { stdout: string }) => failure)
  return stdout
}

/** The mistakes in the snippets. Beside them the compiler names those of what they import, which is compiled elsewhere with its own options. */
function mistakesOf(output: string): string[] {
  const found = output.matchAll(/^(?:(\S.*?)\(\d+,\d+\): )?error TS\d+: (.*(?:\n .*)*)/gm)
  return [...found].flatMap(([, file, message]) => {
    if (file === undefined || file === 'tsconfig.json') throw new Error(message)
    return file.startsWith('..') ? [] : [`snippets/${file}: ${message}`]
  })
}
