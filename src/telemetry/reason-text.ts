import type { SignedOutReason } from '../errors.ts'

const texts: Record<SignedOutReason, string> = {
  none: 'nobody had signed in here yet.',
  signed_out: 'signOut() was called.',
  signed_out_elsewhere: 'signOut() was called in another tab, process or host.',
  session_ended: "the authorization server said that the person's session there is over.",
  rejected: 'the authorization server no longer accepts the refresh token (invalid_grant).',
  outcome_unknown: 'the answer to a refresh was lost, and the server takes each refresh token only once.',
  expired: 'the access token expired, and the server had given no refresh token.',
  idle: 'it was not used for longer than idleTimeout.',
  max_age: 'the sign-in was longer ago than maxAge.',
  user_changed: 'the authorization server answered for another person.',
  storage_lost: 'the storage could not be read.',
  dpop_key_lost: 'the key that its tokens are bound to is gone, or cannot sign.',
  incompatible_version: 'a newer version of tokenward wrote what is stored. Reloading the page brings that version.',
  sign_in_failed: 'the sign-in did not succeed.',
  renamed: 'the session pool gave the session a new name, as it does after a sign-in: this is the old name.',
}

/** The second half of the sentence "The session ended because …". */
export function reasonText(reason: string): string {
  return isKnown(reason) ? texts[reason] : `${reason.replaceAll('_', ' ')}.`
}

function isKnown(reason: string): reason is SignedOutReason {
  return Object.hasOwn(texts, reason)
}
