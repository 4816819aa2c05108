import { register } from 'node:module'
import { defineConfig } from 'vitest/config'
import { plant } from './fault-hooks.mjs'

register('../../scripts/typescript-hooks.mjs', import.meta.url)
/** @type {typeof import('./faults.ts')} */
const { faults } = await import('./faults.ts')
const fault = faults.find(({ name }) => name === process.env.PLANTED)
if (!fault) throw new Error(`There is no fault ${process.env.PLANTED}`)

export default defineConfig({
  plugins: [
    {
      name: 'planted',
      enforce: 'pre',
      transform(code, id) {
        const edits = fault.edits.filter(({ file }) => id.endsWith(`/src/${file}`))
        return edits.length ? plant(code, fault.name, edits) : undefined
      },
    },
  ],
})
