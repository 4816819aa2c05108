import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { TokenManagerError } from '../errors.ts'

/** A page on the disk that sends the browser to a URL. */
export interface RedirectFile {
  /** The absolute path. */
  readonly path: string
  /** Removes the page. Otherwise it is removed when the process ends. */
  remove(): void
}

/**
 * Writes a page that sends the browser to `url`. Only this user can read it (mode 0600, in a folder of mode 0700). The path is not secret, but the URL
 * is: every user of the machine can read the arguments of a program, and could open a URL in them.
 * @throws TokenManagerError `ERR_UNSUPPORTED` (`browser_unavailable`) if no file can be written
 */
export async function redirectFile(url: string): Promise<RedirectFile> {
  // The home folder comes first, because browsers that are installed as snaps cannot read /tmp or hidden folders.
  const places = process.platform === 'linux' ? [homedir(), tmpdir()] : [tmpdir()]
  let cause: unknown
  for (const place of places) {
    try {
      return await writeIn(await mkdtemp(join(place, 'sign-in-')), url)
    } catch (error) {
      cause = error
    }
  }
  throw new TokenManagerError(
    'ERR_UNSUPPORTED',
    'browser_unavailable',
    `No file that leads a browser to the sign-in could be written in ${places.join(' or ')}: give loopback() an open function that shows the URL, or use the device flow`,
    { cause },
  )
}

async function writeIn(folder: string, url: string): Promise<RedirectFile> {
  const clear = () => rmSync(folder, { recursive: true, force: true })
  const path = join(folder, 'sign-in.html')
  try {
    await writeFile(path, page(url), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    clear()
    throw error
  }
  process.once('exit', clear)
  return {
    path,
    remove() {
      process.off('exit', clear)
      clear()
    },
  }
}

function page(url: string): string {
  const address = url.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="content-security-policy" content="default-src 'none'">
<meta http-equiv="refresh" content="0;url=${address}">
<title>Sign in</title>
<p><a href="${address}">Go on to sign in</a></p>
</html>
`
}
