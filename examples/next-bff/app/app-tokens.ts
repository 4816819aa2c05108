import { createTokenManager } from 'tokenward/bff/page'

/** The page's half of the backend: it has no tokens. While a server renders the page its state is `loading`. */
export const tokens = createTokenManager()
