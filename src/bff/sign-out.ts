import { TokenManagerError } from '../errors.ts'
import { asJson } from './as-json.ts'
import type { BffSettings } from './bff-settings.ts'
import { checkOwnForm, checkPageRequest } from './cross-site.ts'
import type { SignOutAnswer } from './page-answers.ts'
import { FIELD } from './refusal.ts'
import { accountOf, type SessionCookies } from './session-cookie.ts'

/** For how long a sign-out is tried again if the store fails, and the pause between two tries, in milliseconds. */
const PATIENCE = 600_000
const PAUSE = 1_000

/**
 * Signs the person out. The answer to a request of the page's script says where to go next. The answer to a form is a redirect to there.
 * @throws Refused 403
 */
export async function logout(request: Request, settings: BffSettings, cookies: SessionCookies): Promise<Response> {
  const isOfScript = request.headers.has(FIELD)
  if (isOfScript) checkPageRequest(request, settings)
  else checkOwnForm(request, settings)

  const name = cookies.session(request)
  const { local, endSessionUrl } = name === undefined ? { local: 'removed' as const } : await end(name, settings)
  const forget = { 'set-cookie': cookies.clearSession() }
  if (isOfScript) return asJson({ local, endSessionUrl } satisfies SignOutAnswer, 200, forget)

  const location = endSessionUrl ?? `${settings.origin}/`
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store', ...forget } })
}

/** Ends the session. If the store fails, the sign-out still counts: the browser forgets the session, and the store is tried again later. */
async function end(name: string, settings: BffSettings): Promise<SignOutAnswer> {
  const { sessions } = settings
  const account = accountOf(name)
  try {
    await read(account, settings)
  } catch {
    endLater(account, settings)
    return { local: 'memory_only' }
  }

  const { local, endSessionUrl } = await sessions.get(account).signOut({ endSession: true })
  return { local, endSessionUrl }
}

/** Reads the session. While the denylist is out of date, it was read all the same, and can end like any other. */
async function read(account: string, { sessions }: BffSettings): Promise<void> {
  try {
    await sessions.check(account)
  } catch (error) {
    const isRead = error instanceof TokenManagerError && error.code === 'ERR_TEMPORARILY_UNAVAILABLE'
    if (!isRead) throw error
  }
}

function endLater(account: string, settings: BffSettings): void {
  const { sessions, clock } = settings
  const until = clock.elapsed() + PATIENCE
  const again = () => {
    read(account, settings)
      .then(() => sessions.get(account).signOut())
      .catch(() => clock.elapsed() < until && wait())
  }
  const wait = () => clock.at(clock.elapsed() + PAUSE, again)

  wait()
}
