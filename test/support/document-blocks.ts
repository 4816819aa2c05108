import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/entries.mjs'

const isDocument = (name: string) => name.endsWith('.md')

/** The documents of the project, by their paths. */
export const documents: readonly string[] = [
  ...readdirSync(root).filter(isDocument),
  ...readdirSync(join(root, 'docs'), { encoding: 'utf8', recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter(isDocument)
    .map((name) => `docs/${name}`),
]

export const textOf = (document: string): string => readFileSync(join(root, document), 'utf8')

/** Folders that do not exist. A document's blocks are the files of one, and find those of the other documents beside them. */
export const snippetsFolder: string = join(root, 'snippets')
export const folderOf = (document: string): string => join(snippetsFolder, document.replace(/\W/g, '-'))

export interface Block {
  /** What stands behind the fence, such as `ts`. */
  readonly language: string
  readonly code: string
}

/** The code blocks of a document, those in lists too. */
export function blocksOf(document: string): readonly Block[] {
  const found = textOf(document).matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)
  return [...found].map(([, indent = '', language = '', code = '']) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }))
}

/**
 * The blocks of some languages as files. A comment on top, such as `// name.ts`, names one.
 *
 * @throws if two blocks of a document have one name
 */
export function filesOf(languages: readonly string[], from: readonly string[] = documents): Map<string, string> {
  const files = new Map<string, string>()
  for (const document of from)
    for (const [index, { language, code }] of blocksOf(document).entries()) {
      if (!languages.includes(language)) continue

      const [, name = `${index + 1}.${language}`] = /^(?:\/\/|<!--) ([\w.@()[\]/+-]+\.\w+)(?=[\n,; ])/.exec(code) ?? []
      const path = join(folderOf(document), name)
      if (files.has(path)) throw new Error(`${document} has two blocks called ${name}`)
      files.set(path, code)
    }
  return files
}
