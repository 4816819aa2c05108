import { register } from 'node:module'

// node --import ./scripts/typescript.mjs <file.ts>: runs TypeScript from its sources, on every supported Node.
process.setSourceMapsEnabled(true)
register('./typescript-hooks.mjs', import.meta.url)
