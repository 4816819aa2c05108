// A program for the terminal: `sign-in` through the browser, `sign-in --device` on another device, `notes`, `sign-out`.
// ISSUER=https://as.example.com API=https://api.example.com/notes node --import tsx node-cli.ts sign-in
import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  allowInsecureLoopback,
  createTokenManager,
  type DevicePrompt,
  environmentKey,
  fileStore,
  isTransient,
  keychainKey,
  loopback,
  TokenManagerError,
} from 'tokenward/node'
import { renderUnicodeCompact } from 'uqr'

const { ISSUER = '', API = '', STATE_FOLDER = join(homedir(), '.local', 'state', 'notes') } = process.env
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())

const tokens = createTokenManager({
  issuer: ISSUER,
  clientId: 'cli',
  redirectUri: 'http://127.0.0.1/callback', // registered like this; the free port is added at sign-in
  scope: 'openid offline_access notes',
  resources: [API],
  userAgent: loopback({ signal: stop.signal }),
  store: fileStore({
    path: STATE_FOLDER,
    // The key is in the person's keychain, or, on a machine without one, in the environment.
    key: process.env.SEALING_KEY ? environmentKey('SEALING_KEY') : keychainKey({ service: 'notes-cli' }),
  }),
  [allowInsecureLoopback]: true, // for a server on this machine only
})

const commands: Record<string, () => Promise<unknown>> = {
  async 'sign-in'() {
    const { signal } = stop
    const onDevice = process.argv.includes('--device')
    const state = await (onDevice ? tokens.signInWithDevice({ prompt: showCode, signal }) : tokens.signIn())
    return state.status === 'signedIn' && `Signed in as ${state.session.subject}`
  },
  async notes() {
    return (await tokens.fetch(API, { signal: stop.signal })).text()
  },
  async 'sign-out'() {
    const { revoked } = await tokens.signOut()
    return `Signed out here; at the server: ${await revoked}`
  },
}

function showCode({ userCode, verificationUri, verificationUriComplete }: DevicePrompt) {
  if (verificationUriComplete && process.stdout.isTTY) console.log(renderUnicodeCompact(verificationUriComplete))
  console.log(`Go to ${verificationUri} and enter ${userCode}`)
  if (verificationUriComplete) console.log(`or go to ${verificationUriComplete} and compare the code`)
}

const command = commands[process.argv[2] ?? '']
try {
  console.log(command ? await command() : `Say one of: ${Object.keys(commands).join(', ')}`)
} catch (error) {
  process.exitCode = 1
  if (stop.signal.aborted) console.error('Stopped')
  else if (!(error instanceof TokenManagerError)) throw error
  else if (error.code === 'ERR_SIGNED_OUT') console.error('Nobody is signed in: run `sign-in`')
  else console.error(isTransient(error) ? `Not now: ${error.message}` : error.message)
}
