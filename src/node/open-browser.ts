import { spawn } from 'node:child_process'
import { TokenManagerError } from '../errors.ts'

/** The commands that open a browser. They run without a shell, so a path may have any characters. */
const commands: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}
/** A command that runs longer than this, in milliseconds, counts as successful: it is the browser itself. */
const LONG_ENOUGH = 2_000

/**
 * Opens the page at `path` in the person's browser, with the platform's own command. Every user of the machine can read `path`.
 * @throws TokenManagerError `ERR_UNSUPPORTED` (`browser_unavailable`) if there is no such command, or if it fails
 */
export function openBrowser(path: string): Promise<void> {
  const [command = '', ...args] = commands[process.platform] ?? ['xdg-open']
  return new Promise((resolve, reject) => {
    const fail = (cause?: unknown) =>
      reject(
        new TokenManagerError(
          'ERR_UNSUPPORTED',
          'browser_unavailable',
          `No browser could be opened with ${command}: give loopback() an open function that shows the URL, or use the device flow`,
          { cause },
        ),
      )
    const child = spawn(command, [...args, path], { stdio: 'ignore', detached: true })
    const timer = setTimeout(resolve, LONG_ENOUGH)
    child.once('error', fail)
    child.once('exit', (code) => (code === 0 ? resolve() : fail()))
    child.once('close', () => clearTimeout(timer))
    child.unref()
  })
}
