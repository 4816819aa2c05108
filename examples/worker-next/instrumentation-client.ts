// Next.js runs this file in the page before everything else.

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string | null }): unknown
}

const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes }

// Next.js loads its scripts and the worker by plain URLs. Only the policy `default` sees those.
trustedTypes?.createPolicy('default', {
  createScriptURL(url) {
    const { origin, pathname } = new URL(url, location.origin)
    const isOfThisBuild = origin === location.origin && pathname.startsWith('/_next/static/')
    return isOfThisBuild ? url : null
  },
})
