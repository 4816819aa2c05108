import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { rollup } from 'rollup'
import { type LoopbackServer, startLoopbackServer } from '../../../examples/demo/loopback-server.ts'
import { scriptsInto } from '../../../rollup.config.mjs'
import { root } from '../../../scripts/entries.mjs'

/** What `npm install` does in `folder`: the package as it is published, and beside it what it and the examples need. */
export async function installPackage(folder: string, packages: readonly string[]): Promise<void> {
  const modules = join(folder, 'node_modules')
  for (const scripts of scriptsInto(join(modules, 'tokenward/dist')))
    await (await rollup(scripts)).write(scripts.output)
  await cp(join(root, 'package.json'), join(modules, 'tokenward/package.json'))
  for (const name of ['idb-keyval', ...packages]) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction')
  }
}

/** A site of files that a bundler made. */
export interface BuiltSite {
  /** Where they are. */
  readonly files: string
  /** The page, for every path without an extension. Default: `index.html` among `files`. */
  readonly page?: string
  /** What stands in the files in place of addresses that are known only later, and the addresses. */
  readonly addresses: () => Readonly<Record<string, string>>
  /** Further directives of the content security policy. */
  readonly policy?: string
  /** Hears of every path that is asked for. */
  readonly onRequest?: (path: string) => void
}

const contentTypes: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

/** Serves it under a strict content security policy. */
export function serveBuilt({ files, page, addresses, policy = '', onRequest }: BuiltSite): Promise<LoopbackServer> {
  return startLoopbackServer(async (req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://localhost')
    onRequest?.(pathname)
    const file = extname(pathname) ? join(files, pathname) : (page ?? join(files, 'index.html'))
    let text = await readFile(file, 'utf8').catch(() => '')
    for (const [from, to] of Object.entries(addresses())) text = text.replaceAll(from, to)

    const connect = Object.values(addresses()).join(' ')
    const sources = `default-src 'self' ${hashesOf(text)}; connect-src 'self' ${connect}; img-src data:`
    res.writeHead(text ? 200 : 404, {
      'content-type': contentTypes[extname(file)] ?? 'text/plain',
      'content-security-policy': `${sources}; ${policy}`,
    })
    res.end(text)
  })
}

/** SvelteKit starts by a script in the page, which the policy has to name. */
function hashesOf(html: string): string {
  const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script = '']) => script)
  return scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`).join(' ')
}
