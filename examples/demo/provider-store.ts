type Payload = Record<string, unknown> & {
  grantId?: string
  uid?: string
  accountId?: string
  consumed?: number
  /** Of a session, by client. */
  authorizations?: Readonly<Record<string, { readonly sid?: string }>>
}

/** One person's sign-in at one client. */
export interface SignedIn {
  readonly account: string
  readonly client: string
  readonly sid: string
}

/** What oidc-provider keeps, in memory, outside the provider: it outlives a restart and can be looked into. */
export interface ProviderStore {
  /** The adapter factory oidc-provider asks for. */
  readonly adapter: (model: string) => object
  /** Ends every grant of `accountId` (all grants without one); says how many. */
  revokeGrants(accountId?: string): number
  /** Signs everybody out; says who was signed in where. */
  endSessions(): readonly SignedIn[]
}

/** An empty store. */
export function createProviderStore(): ProviderStore {
  const entries = new Map<string, { readonly payload: Payload; readonly expiresAt: number }>()
  const live = (key: string) => {
    const entry = entries.get(key)
    if (entry && entry.expiresAt <= Date.now()) entries.delete(key)
    return entries.get(key)?.payload
  }
  const deleteUnder = (grantId: string, model: string) => {
    for (const [key, { payload }] of entries)
      if (payload.grantId === grantId && key.startsWith(model)) entries.delete(key)
  }
  return {
    adapter: (model) => ({
      upsert: async (id: string, payload: Payload, expiresIn?: number) => {
        const expiresAt = expiresIn === undefined ? Number.POSITIVE_INFINITY : Date.now() + expiresIn * 1000
        entries.set(`${model}:${id}`, { payload, expiresAt })
      },
      find: async (id: string) => live(`${model}:${id}`),
      findByUid: async (uid: string) => {
        for (const [key, { payload }] of entries)
          if (key.startsWith(`${model}:`) && payload.uid === uid) return live(key)
        return undefined
      },
      findByUserCode: async () => undefined,
      consume: async (id: string) => {
        const payload = live(`${model}:${id}`)
        if (payload) payload.consumed = Math.floor(Date.now() / 1000)
      },
      destroy: async (id: string) => void entries.delete(`${model}:${id}`),
      revokeByGrantId: async (grantId: string) => deleteUnder(grantId, `${model}:`),
    }),
    revokeGrants(accountId) {
      // A token without its grant is worth nothing.
      const grants = [...entries].filter(
        ([key, { payload }]) =>
          key.startsWith('Grant:') && (accountId === undefined || payload.accountId === accountId),
      )
      for (const [key] of grants) entries.delete(key)
      return grants.length
    },
    endSessions() {
      const ended: SignedIn[] = []
      for (const [key, { payload }] of entries) {
        if (!key.startsWith('Session:')) continue
        entries.delete(key)
        for (const [client, { sid }] of Object.entries(payload.authorizations ?? {}))
          if (sid && payload.accountId) ended.push({ account: payload.accountId, client, sid })
      }
      return ended
    },
  }
}
