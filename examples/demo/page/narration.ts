import type { Entry } from './feed.ts'
import type { Sign } from './timeline-model.ts'

/** A happening in words. */
export interface Line {
  readonly symbol?: Sign
  readonly text: string
}

type Event = Extract<Entry, { kind: 'event' }>
const ms = (duration = 0) => `${Math.round(duration)} ms`

const events: Record<string, (event: Event) => Line | undefined> = {
  signed_in: () => ({ symbol: 'signed-in', text: 'signed in. The session is stored, sealed, for every tab.' }),
  refreshed: ({ generation, duration }) => ({
    symbol: 'led',
    text: `refreshed for everybody in ${ms(duration)}: token ${generation}.`,
  }),
  adopted: ({ generation }) => ({ symbol: 'took', text: `took token ${generation} from another tab: no request.` }),
  waited: ({ duration }) => ({ text: `waited ${ms(duration)} for another tab's refresh.` }),
  sign_in_failed: ({ reason }) => ({ symbol: 'failed', text: `did not sign in (${reason}).` }),
  refresh_failed: ({ reason, outcome }) =>
    // Holding back after a failure is not worth a line.
    outcome === 'throttled' ? undefined : { symbol: 'failed', text: `could not refresh (${reason}).` },
  token_rejected: ({ reason }) => ({
    symbol: 'rejected',
    text: `had its token refused by the API before it expired${reason ? `: ${reason}` : ''}.`,
  }),
  signed_out: ({ reason = '' }) => ({ symbol: 'signed-out', text: `is signed out: ${signedOut[reason] ?? reason}.` }),
  revoked: () => ({ symbol: 'revoked', text: 'had a token revoked at the authorization server.' }),
  revocation_failed: () => ({ symbol: 'trouble', text: 'could not revoke yet. It is kept and tried again.' }),
  refreshing: () => undefined,
}

const signedOut: Record<string, string> = {
  signed_out: 'asked for here',
  signed_out_elsewhere: 'another tab signed out',
  rejected: 'the authorization server ended the grant',
  outcome_unknown: 'an answer was lost and the server had used up the refresh token',
}

const knobs: Record<string, string> = {
  down: 'took the authorization server down.',
  up: 'brought the authorization server back.',
  offline: 'cut the network of every tab.',
  online: 'brought the network back.',
  deny: 'told the API to refuse the present token.',
  revoke: 'had the authorization server end every grant. The API refuses their tokens from now on.',
  logout: 'had the authorization server sign everybody out, everywhere. It told the API (back-channel logout).',
  steal: 'had its tokens copied by a program elsewhere, which uses them now.',
  expire: 'put the clock of every tab forward: the access token has expired.',
}

/** What to say about `entry`; `undefined` if it is not worth a line. */
export function narrate(entry: Entry): Line | undefined {
  switch (entry.kind) {
    case 'event':
      return (events[entry.type] ?? unnamed)(entry)
    case 'calls': {
      const { count, answered, took, error } = entry
      const calls = count === 1 ? 'the API' : `the API ${count} times at once`
      const result = answered === count ? 'all answered' : `${answered} answered, ${error ?? 'the rest failed'}`
      return { text: `called ${calls}: ${count === 1 && answered ? 'answered' : result} in ${ms(took)}.` }
    }
    case 'knob':
      return { text: knobs[entry.knob] ?? entry.knob }
    case 'theft': {
      const refused = entry.attempts.every(({ status }) => status >= 400)
      const got = entry.attempts.map(({ what, status, reason }) => `${status} (${reason}) for ${what}`).join(', ')
      return {
        symbol: refused ? 'stolen' : 'trouble',
        text: `lost ${refused ? 'nothing' : 'its tokens'}: the thief got ${got}.`,
      }
    }
    case 'tab':
      return { text: entry.what === 'opened' ? 'opened.' : 'closed.' }
    case 'note':
      return { symbol: 'trouble', text: entry.text }
    default:
      return undefined
  }
}

const unnamed = ({ type, reason }: Event): Line => ({
  symbol: 'trouble',
  text: `reports ${type.replaceAll('_', ' ')}${reason ? ` (${reason})` : ''}.`,
})
