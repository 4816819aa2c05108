import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { entries, root } from '../../scripts/entries.mjs'

/** The files of the entries, in either build. */
const builds = {
  full: Object.fromEntries(entries.map(({ specifier, js }) => [specifier, js])),
  production: Object.fromEntries(entries.map(({ specifier, js, production = js }) => [specifier, production])),
}

/** What an application's bundler makes of a program, dependencies left out. */
async function bundleOf(alias: Record<string, string>, program: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: root },
    alias,
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    external: ['oauth4webapi', 'idb-keyval', '@napi-rs/keyring', 'node:*'],
  })
  return outputFiles[0]?.text ?? ''
}

interface Case {
  readonly program: string
  /** Words that would show that something leaked in; each is in the bundle of `control`. */
  readonly without: readonly string[]
  readonly control: string
}

const cases: Record<string, Case> = {
  'who does not import popup() ships none of it': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['popup_blocked', 'about:blank', 'outerWidth'],
    control: `import { popup } from 'tokenward/browser'; globalThis.popup = popup()`,
  },
  'who does not import dpop() ships no proof code': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['dpop+jwt', 'ECDSA', 'use_dpop_nonce', 'htu', 'dpop_unsupported_by_resource'],
    control: `import { dpop } from 'tokenward/browser'; globalThis.dpop = dpop()`,
  },
  'who does not import stepUp() ships none of it': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['step_up_unsatisfied'],
    control: `import { stepUp } from 'tokenward/browser'; globalThis.stepUp = stepUp`,
  },
  'who does not import pushedAuthorizationRequests() ships none of it': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['invalid_pushed_authorization_response', 'pushed_authorization_request_endpoint'],
    control: `import { pushedAuthorizationRequests } from 'tokenward/browser'; globalThis.push = pushedAuthorizationRequests()`,
  },
  'who does not import inTab ships none of it': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['tokenward-slot'],
    control: `import { inTab } from 'tokenward/browser'; globalThis.persistence = inTab`,
  },
  'who does not import sessionLimits() ships none of it': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['"idle"'],
    control: `import { sessionLimits } from 'tokenward/browser'; globalThis.limits = sessionLimits({})`,
  },
  'who does not import metadataFrom() ships none of it': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['{tenantid}', 'metadata.overrides'],
    control: `import { metadataFrom } from 'tokenward/browser'; globalThis.metadata = metadataFrom({})`,
  },
  'who does not import refreshWorker() ships none of it': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['worker_unavailable'],
    control: `import { refreshWorker } from 'tokenward/browser'; globalThis.worker = refreshWorker()`,
  },
  'who does not import what a logout page needs ships none of it': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['other_session', 'not_seen', 'tokenward.end-session', 'createElement'],
    control: `import { endSession, endSessionReturn, frontChannelLogout } from 'tokenward/browser'
      globalThis.out = [endSession, endSessionReturn, frontChannelLogout]`,
  },
  'the main entry ships nothing of the browser': {
    program: `export * from 'tokenward'`,
    without: ['indexedDB', 'BroadcastChannel', 'navigator.locks', 'sessionStorage', 'visibilityState', 'replaceState'],
    control: `export * from 'tokenward/browser'`,
  },
  'neither a page nor the core ships anything of oauth4webapi': {
    program: `export * as core from 'tokenward'; export * as page from 'tokenward/browser'; import 'tokenward/browser/worker'`,
    without: ['oauth4webapi'],
    control: `export * from 'tokenward/node'`,
  },
  'who does not import tokenward/testing ships none of it': {
    program: `export * from 'tokenward/browser'`,
    without: ['Store contract', 'test-access-token', 'as.example', 'setImmediate'],
    control: `export * from 'tokenward/testing'`,
  },
  'who imports neither the journal nor the panel ships none of them': {
    program: `export * from 'tokenward/browser'`,
    without: ['tokenward.journal', 'tokenward-devtools', 'adoptedStyleSheets', 'The session ended because'],
    control: `export * as journal from 'tokenward/telemetry'; export * as panel from 'tokenward/devtools'`,
  },
  'who imports the journal ships nothing of the panel, and no words that are not asked for': {
    program: `import { journal } from 'tokenward/telemetry'; globalThis.journal = journal`,
    without: ['adoptedStyleSheets', 'The session ended because', 'Nothing was sent'],
    control: `export * as journal from 'tokenward/telemetry'; export * as panel from 'tokenward/devtools'`,
  },
  'who imports only the error ships no session': {
    program: `import { isTransient } from 'tokenward/browser'; globalThis.isTransient = isTransient`,
    without: ['code_challenge', 'refresh_token', 'outbox', 'indexedDB', 'encrypt'],
    control: `export * from 'tokenward/browser'`,
  },
  'the page ships nothing of the worker that refreshes': {
    program: `import { createTokenManager } from 'tokenward/browser'; globalThis.tokens = createTokenManager({})`,
    without: ['"connect"'],
    control: `import 'tokenward/browser/worker'`,
  },
  'the worker that refreshes ships nothing of signing in, of signing out or of a page': {
    program: `import 'tokenward/browser/worker'`,
    without: ['code_challenge', 'post_logout_redirect_uri', 'visibilityState', 'replaceState', 'outerWidth'],
    control: `export * from 'tokenward/browser'`,
  },
}

/** What shows that a preset is in a bundle. */
const presets: Record<string, string> = {
  auth0: 'auth0.domain',
  authentik: 'authentik.url',
  betterAuth: 'betterAuth.url',
  cognito: 'cognito-idp',
  djangoOauthToolkit: 'djangoOauthToolkit.url',
  doorkeeper: 'doorkeeper.issuer',
  entra: 'login.microsoftonline.com',
  entraB2c: 'b2clogin.com',
  github: 'github.com/login',
  glewlwyd: 'glewlwyd.issuer',
  google: 'accounts.google.com',
  hydra: 'hydra.issuer',
  identityServer: 'identityServer.url',
  keycloak: 'keycloak.realm',
  lemonldap: 'lemonldap.issuer',
  logto: 'logto.url',
  okta: 'okta.authorizationServer',
  openauth: 'openauth.issuer',
  supabase: 'supabase.co',
  zitadel: 'zitadel.url',
}

describe.each(Object.entries(builds))('bundles of the %s build', (_, alias) => {
  const bundle = (program: string) => bundleOf(alias, program)

  it.each(Object.keys(presets))(
    'who uses the preset %s ships no other, and nothing else of this library',
    async (name) => {
      const text = await bundle(`import { ${name} } from 'tokenward/providers'; globalThis.preset = ${name}`)
      expect(Object.keys(presets).filter((other) => text.includes(presets[other] ?? ''))).toEqual([name])
      expect(['code_challenge', 'refresh_token', 'signature_invalid'].filter((word) => text.includes(word))).toEqual([])
    },
  )

  it('who imports tokenward/providers and uses no preset ships no byte of them', async () => {
    const used = await bundle(`import { isTransient } from 'tokenward'; globalThis.out = isTransient`)
    const beside = await bundle(`import { isTransient } from 'tokenward'; import { entra } from 'tokenward/providers'
      globalThis.out = isTransient`)
    expect(beside.length).toBe(used.length)
  })

  for (const [name, { program, without, control }] of Object.entries(cases)) {
    it(name, async () => {
      const [text, full] = await Promise.all([bundle(program), bundle(control)])
      expect(without.filter((word) => text.includes(word))).toEqual([])
      expect(without.filter((word) => !full.includes(word))).toEqual([])
    })
  }

  it('keep no comments but legal ones', async () => {
    expect(await bundle(`export * from 'tokenward/browser'`)).not.toMatch(/(?<!\*)\/\*(?!!)/)
  })
})
