// One process of an API: says when a token it was told to watch for is refused.
import { Redis } from 'ioredis'
import { redisDenylistStore } from '../../src/redis/redis-denylist-store.ts'
import { createDenylist } from '../../src/resource-server/denylist.ts'

const { port } = JSON.parse(process.argv[2] ?? '{}') as { port: number }
const store = redisDenylistStore({ client: new Redis(port) })
let awaited = ''
// Looks whenever something came, so that waiting costs the machine nothing.
const denylist = createDenylist({
  store: {
    ...store,
    follow: ({ onEntries, onCurrent }) =>
      store.follow({
        onCurrent,
        onEntries(entries) {
          onEntries(entries)
          if (awaited && denylist.check({ iss: 'https://as.example.com', jti: awaited }) === 'revoked') {
            process.send?.({ jti: awaited, at: Date.now() })
            awaited = ''
          }
        },
      }),
  },
})
await denylist.ready()
process.send?.('ready')
process.on('message', ({ jti }: { jti: string }) => {
  awaited = jti
})
