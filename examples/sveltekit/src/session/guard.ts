import { redirect } from '@sveltejs/kit'
import { requireSession } from 'tokenward/svelte'
import { invalidate } from '$app/navigation'
import { tokens } from './app-tokens'

/** The `load` function of every page that depends on the session. */
export const guard = requireSession(tokens, { signedOut: '/sign-in', redirect, invalidate })
