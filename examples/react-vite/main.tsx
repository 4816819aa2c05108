import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createBrowserRouter, Navigate, RouterProvider } from 'react-router'
import { RequireSession, TokenManagerProvider } from 'tokenward/react'
import { tokens } from './app-tokens.ts'
import { Notes } from './notes.tsx'
import { Callback, Welcome } from './signing-in.tsx'

const router = createBrowserRouter([
  { path: '/', element: <Navigate to="/notes" replace /> },
  {
    path: '/notes',
    element: (
      <RequireSession signedOut={<Welcome />}>
        <Notes />
      </RequireSession>
    ),
  },
  { path: '/callback', element: <Callback /> },
])

createRoot(document.getElementById('app') as HTMLElement).render(
  <StrictMode>
    <TokenManagerProvider manager={tokens}>
      <RouterProvider router={router} />
    </TokenManagerProvider>
  </StrictMode>,
)
