import { existsSync } from 'node:fs'
import { root } from './entries.mjs'
import { run } from './run.mjs'

const folder = 'bench/peers'

/** Installs what is compared with, as its lock file says, if it is not there. Ends the process if that fails. */
export async function installPeers() {
  if (existsSync(`${root}${folder}/node_modules/keycloak-js`)) return

  console.log('\n> Installing what to compare with (bench/peers/package-lock.json)')
  const install = ['npm', 'ci', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts']
  const { ok, output } = await run(install, { limit: 300_000 })
  if (ok) return
  console.error(output)
  process.exit(1)
}
