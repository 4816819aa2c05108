import { redirect } from '@sveltejs/kit'
import { requireSession } from 'tokenward/svelte'
import { invalidate } from '$app/navigation'
import { tokens } from './app-tokens'

/** The `load` of every page that a session matters to. */
export const guard = requireSession(tokens, { signedOut: '/sign-in', redirect, invalidate })
