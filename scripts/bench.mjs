import { readdirSync } from 'node:fs'
import { root } from './entries.mjs'
import { run } from './run.mjs'
import { setUp } from './setup.mjs'

setUp({ browser: false })

// npm run bench            every file of bench/
// npm run bench -- fetch   bench/fetch.bench.ts
const asked = process.argv.slice(2)
const files = readdirSync(`${root}bench`).filter((file) => file.endsWith('.bench.ts'))
for (const file of files) {
  const name = file.replace(/\.bench\.ts$/, '')
  if (asked.length > 0 && !asked.includes(name)) continue
  console.log(`\n=== ${name}\n`)
  const { ok } = await run(['node', '--import', './scripts/typescript.mjs', `bench/${file}`], {
    limit: 300_000,
    show: true,
  })
  if (!ok) process.exitCode = 1
}
