/// <reference types="vite/client" />
import workerUrl from 'tokenward/browser/worker?worker&url'

/** What browsers with Trusted Types have. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
}

// Makes the URL of the worker and no other.
const rules = { createScriptURL: () => workerUrl }
const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
const policy = trustedTypes?.createPolicy('refresh-worker', rules) ?? rules

/** The worker, for a page whose content security policy says `require-trusted-types-for 'script'; trusted-types refresh-worker`. */
export const trustedWorker = (): SharedWorker => new SharedWorker(policy.createScriptURL(workerUrl), { type: 'module' })
