import { createTokenManager } from 'tokenward/browser'

// The web version of the app: Metro takes this file there. React Native's types do not know a page.
declare const location: { readonly origin: string }

export const ISSUER = process.env.EXPO_PUBLIC_ISSUER ?? 'https://as.example.com'
export const API = process.env.EXPO_PUBLIC_API ?? 'https://api.example.com/'

export const tokens = createTokenManager({
  issuer: ISSUER,
  clientId: process.env.EXPO_PUBLIC_CLIENT_ID ?? 'notes',
  redirectUri: `${location.origin}/callback`,
  scope: 'openid offline_access notes',
  resources: [API],
})
