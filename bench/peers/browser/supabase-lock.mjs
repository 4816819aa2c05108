// With its lock across tabs, which has to be given.
import { navigatorLock } from '@supabase/auth-js'
import { variant } from './supabase.mjs'

variant({ lock: navigatorLock })

export { begin, open, token } from './supabase.mjs'
export const name = 'supabase with its lock'
