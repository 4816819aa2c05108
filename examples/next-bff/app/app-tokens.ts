import { createTokenManager } from 'tokenward/bff/page'

/** The page's manager. It has no tokens. While a server renders the page, its state is `loading`. */
export const tokens = createTokenManager()
