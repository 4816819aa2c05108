import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createElement, type ReactElement, type ReactNode, useMemo } from 'react'
import { isTransient, TokenManagerError } from 'tokenward/browser'
import { useSession } from 'tokenward/react'

/**
 * TanStack Query for several people, one after the other. Each person has their own cache, and never sees components of the person before.
 * Put it inside `RequireSession`, around everything that calls the API.
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

/** Repeats an error of the manager only if that can help. All other errors are repeated three times, as usual. */
function isWorthAnotherTry(failures: number, error: Error): boolean {
  const isFinal = error instanceof TokenManagerError && !isTransient(error)
  return !isFinal && failures < 3
}
