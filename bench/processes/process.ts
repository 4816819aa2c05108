import { once } from 'node:events'
import { ways } from './session.ts'

// One process of bench/processes.bench.ts: is told where the session lies and reads it, is told how often to ask for a token, and says when
// it has them all.
process.send?.('loaded')
const [{ way, place }] = await once(process, 'message')
const session = ways[way]?.(place)
if (!session) throw new Error(`There is no way "${way}"`)

await session.ready()
process.send?.('ready')
const [calls] = await once(process, 'message')
await Promise.all(Array.from({ length: calls }, session.token))
process.send?.(performance.timeOrigin + performance.now())
process.disconnect()
