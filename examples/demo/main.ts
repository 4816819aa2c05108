import { parseArgs } from 'node:util'
import { startServers } from './servers.ts'
import { startTwoWays } from './two-ways.ts'

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    ttl: { type: 'string', default: '60' },
    port: { type: 'string', default: '0' },
    screenshot: { type: 'string' },
    browser: { type: 'string', default: 'chromium' },
  },
})
const [ttl, port] = [Number(values.ttl), Number(values.port)]
if (!isWhole(ttl, 5, 3600)) fail('--ttl has to be 5 to 3600 seconds.')
if (!isWhole(port, 0, 65_535)) fail('--port has to be 0 to 65535.')

const { browser } = values
if (browser !== 'chromium' && browser !== 'firefox') fail('--browser has to be chromium or firefox.')
if (values.check && ttl < 60) fail('--check needs tokens that outlive its story: --ttl 60 or more.')

if (values.check) {
  const { check } = await import('./check.ts')
  process.exitCode = (await check({ ttl, port, screenshot: values.screenshot, browser })) ? 0 : 1
} else {
  const servers = await startServers({ ttl, port }).catch(({ code, message }: NodeJS.ErrnoException) =>
    fail(code === 'EADDRINUSE' ? `Port ${port} is taken; without --port a free one is used.` : message),
  )
  const ways = await startTwoWays({ ttl })
  console.log(`
  tokenward demo   ${servers.url}

  Open it, sign in as Alice, then open another tab beside it. Try:
    · Expire the token now: one tab asks the server, the other takes what it got
    · 25 calls at once, also right after expiring
    · Make the API reject the token: one refresh, one retry, no error
    · Take the authorization server down, then expire the token, then bring it up
    · Use stolen tokens elsewhere: they are bound to a key in this browser (DPoP), and refused
    · Log out everywhere: the API refuses, at once and with the reason, what would still be valid
    · Sign out in one tab, or offline: gone in every tab, revoked once there is a network

  A second story   ${ways.url}

  The same page twice, side by side: with tokens in it, and with a backend that keeps them (tokenward/bff). Sign in on both, and let the thief in.

  Access tokens live ${ttl} s (--ttl), everything runs on 127.0.0.1 and is forgotten when you press Ctrl-C.
`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void Promise.all([servers.stop(), ways.stop()]).then(() => process.exit(0)))
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}

function isWhole(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high
}
