import { readdirSync } from 'node:fs'
import { root } from './entries.mjs'
import { run } from './run.mjs'
import { setUp } from './setup.mjs'

setUp({ browser: false })

// npm run bench            every file of bench/
// npm run bench -- fetch   bench/fetch.bench.ts
const asked = process.argv.slice(2)
const ending = '.bench.ts'
const names = readdirSync(`${root}bench`)
  .filter((file) => file.endsWith(ending))
  .map((file) => file.slice(0, -ending.length))
const unknown = asked.find((name) => !names.includes(name))
if (unknown) {
  console.error(`No benchmark is called "${unknown}". There are: ${names.join(', ')}`)
  process.exit(1)
}
for (const name of asked.length > 0 ? asked : names) {
  console.log(`\n=== ${name}\n`)
  const { ok } = await run(['node', '--import', './scripts/typescript.mjs', `bench/${name}${ending}`], {
    limit: 300_000,
    show: true,
  })
  if (!ok) process.exitCode = 1
}
