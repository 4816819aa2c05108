import { startWebsite } from './website.ts'

const website = await startWebsite()
const processes = website.hosts.map(({ process }) => process.pid).join(' and ')
console.log(`
  ${website.url}

  Two hosts of one website (processes ${processes}), Redis, an authorization server and an API, all on 127.0.0.1. Press Ctrl-C to end them.
`)

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void website.stop().then(() => process.exit(0)))
