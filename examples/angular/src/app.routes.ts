import type { Routes } from '@angular/router'
import { requireSession } from 'tokenward/angular'

const session = requireSession({ signedOut: '/sign-in' })

export const routes: Routes = [
  { path: '', pathMatch: 'full', redirectTo: 'notes' },
  {
    path: 'notes',
    canActivate: [session],
    loadComponent: async () => (await import('./notes-page')).NotesPage,
  },
  {
    path: 'sign-in',
    canActivate: [session],
    loadComponent: async () => (await import('./sign-in-page')).SignInPage,
  },
  { path: 'callback', canActivate: [session], children: [] },
]
