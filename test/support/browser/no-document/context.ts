import { allowInsecureLoopback, createTokenManager } from '../../../../src/browser/index.ts'
import type { UserAgent } from '../../../../src/ports.ts'

/** What a context without a document is told to do. */
export interface Errand {
  /** Of the server and the API. */
  readonly origin: string
  /** Tokens to begin with; absent: the session is there already. */
  readonly adopt?: { readonly accessToken: string; readonly refreshToken: string }
  /** Signs in by what an extension has for it. */
  readonly identity?: string
}

/** What came of it. */
export interface Report {
  readonly hasDocument: boolean
  readonly before: string
  readonly signIn: string
  readonly after: string
  readonly used: string
  readonly degraded: readonly string[]
}

/** `chrome.identity` of an extension. */
declare const chrome: {
  identity: { launchWebAuthFlow(details: { url: string; interactive: boolean }): Promise<string> }
}

const byIdentity: UserAgent = {
  authorize: (url) => chrome.identity.launchWebAuthFlow({ url, interactive: false }),
  callbackUrl: () => undefined,
}

async function run({ origin, adopt, identity }: Errand): Promise<Report> {
  const tokens = createTokenManager({
    issuer: origin,
    clientId: 'worker',
    scope: 'notes',
    resources: [`${origin}/api`],
    metadata: { issuer: origin, authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token` },
    [allowInsecureLoopback]: true,
    ...(identity !== undefined && { userAgent: byIdentity, redirectUri: identity }),
  })
  const degraded: string[] = []
  tokens.on('degraded', ({ step }) => degraded.push(step))
  const { status: before } = await tokens.ready()
  if (adopt) await tokens.adopt({ ...adopt, expiresAt: Date.now() + 3_600_000 })
  const signIn = await tokens.signIn().then(
    ({ status }) => status,
    (error) => error.reason,
  )
  await tokens.refresh()
  const response = await tokens.fetch(`${origin}/api/notes`)
  const used = await response.text()
  const { status: after } = tokens.state
  tokens.dispose()
  return { hasDocument: 'document' in globalThis, before, signIn, after, used, degraded }
}

const scope = globalThis as unknown as {
  run: typeof run
  onmessage: (event: MessageEvent<Errand>) => void
  onconnect: (event: MessageEvent) => void
}
scope.run = run
// A dedicated worker is told by a message, a shared one through its port, an extension's by what drives the test.
if (!('document' in globalThis)) {
  scope.onmessage = async ({ data }) => postMessage(await run(data))
  scope.onconnect = ({ ports: [port] }) => {
    if (port) port.onmessage = async ({ data }) => port.postMessage(await run(data))
  }
}
