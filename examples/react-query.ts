import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createElement, type ReactElement, type ReactNode, useMemo } from 'react'
import { isTransient, TokenManagerError } from 'tokenward/browser'
import { useSession } from 'tokenward/react'

/**
 * TanStack Query for people who come and go: each has a cache of their own, and what is mounted for one is not shown to the next. It goes
 * inside of `RequireSession`, around everything that asks the API.
 */
export function PersonalQueries({ children }: { readonly children?: ReactNode }): ReactElement {
  const state = useSession()
  const person = state.status === 'signedIn' ? state.session.subject : undefined
  const client = useMemo(newQueryClient, [person])
  return createElement(QueryClientProvider, { client, key: person }, children)
}

function newQueryClient(): QueryClient {
  return new QueryClient({ defaultOptions: { queries: { retry: isWorthAnotherTry } } })
}

/** What the manager throws is tried again only where that can help; everything else three times, as always. */
function isWorthAnotherTry(failures: number, error: Error): boolean {
  const isFinal = error instanceof TokenManagerError && !isTransient(error)
  return !isFinal && failures < 3
}
