import { existsSync } from 'node:fs'
import { root } from './entries.mjs'
import { run } from './run.mjs'
import { setUp } from './setup.mjs'

setUp({ browser: false })

// npm run bench:peers            every script of bench/peers
// npm run bench:peers -- fetch   one of them
const folder = 'bench/peers'
const all = ['one-request', 'refresh-ahead', 'fetch', 'guard']
const asked = process.argv.slice(2)
const unknown = asked.find((name) => !all.includes(name))
if (unknown) {
  console.error(`There is no "${unknown}" to compare. There are: ${all.join(', ')}`)
  process.exit(1)
}
if (!existsSync(`${root}${folder}/node_modules`)) {
  console.log('\n> Installing what to compare with (bench/peers/package-lock.json)')
  const install = ['npm', 'ci', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts']
  const { ok, output } = await run(install, { limit: 300_000 })
  if (!ok) {
    console.error(output)
    process.exit(1)
  }
}
for (const name of asked.length > 0 ? asked : all) {
  console.log(`\n=== ${name}\n`)
  const command = ['node', '--import', './scripts/typescript.mjs', `${folder}/${name}.mjs`]
  const { ok } = await run(command, { limit: 300_000, show: true })
  if (!ok) process.exitCode = 1
}
