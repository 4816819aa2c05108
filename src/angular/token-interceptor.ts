import type { HttpErrorResponse, HttpInterceptorFn, HttpRequest } from '@angular/common/http'
import { catchError, defer, switchMap } from 'rxjs'
import type { TokenManagerError } from '../errors.ts'
import type { TokenManager } from '../manager/token-manager.ts'
import type { AccessToken, Target } from '../protocol/access-token.ts'
import { next as nextAfter } from '../requests/authorized-fetch.ts'
import { injectTokenManager } from './provide-token-manager.ts'

type AnyRequest = HttpRequest<unknown>

/**
 * Adds the token to requests of `HttpClient`: `provideHttpClient(withInterceptors([tokenInterceptor()]))`.
 * - Only URLs in the manager's `resources` get a token. All other requests are sent unchanged.
 * - After a 401 that is about the token, the request is sent once more with a new token. A second 401 is returned, and this token is not replaced
 *   again, because the API and the authorization server disagree.
 * - If nobody is signed in, the request fails with the manager's `ERR_SIGNED_OUT`.
 *
 * If an API asks for DPoP nonces or for a step-up sign-in (RFC 9449 §9, RFC 9470), call it with `tokens.fetch`, which supports both.
 * @param targetOf which token a request gets, if several entries of `resources` have their own tokens. Default: that of the first entry
 */
export function tokenInterceptor(targetOf: (request: AnyRequest) => Target = () => ({})): HttpInterceptorFn {
  // The value of `Authorization` with a new token that an API has refused too.
  let refusedAnew: string | null = null

  return (request, next) => {
    const manager = injectTokenManager()
    const again = (sent: AnyRequest, error: HttpErrorResponse) =>
      defer(() => withNewToken(manager, request, sent, error)).pipe(
        switchMap((second) =>
          next(second).pipe(
            catchError((failure: HttpErrorResponse) => {
              const used = authorizationOf(second)
              if (isRefusal(failure, used)) refusedAnew = used
              throw failure
            }),
          ),
        ),
      )

    return defer(() => withToken(manager, request)).pipe(
      switchMap((sent) => next(sent).pipe(catchError((error: HttpErrorResponse) => again(sent, error)))),
    )
  }

  /** The request to send instead of `sent`, with another token. If there is none, it rejects with `error`, which is the API's answer. */
  async function withNewToken(manager: TokenManager, request: AnyRequest, sent: AnyRequest, error: HttpErrorResponse) {
    const used = authorizationOf(sent)
    if (!isRefusal(error, used) || used === refusedAnew) throw error

    // Another request may have got a new token in the meantime.
    const now = await withToken(manager, request)
    if (authorizationOf(now) !== used) return now

    await manager.refresh({ ...targetOf(request), reason: 'token_rejected' }).catch(() => Promise.reject(error))
    return withToken(manager, request)
  }
}

async function withToken(manager: TokenManager, request: AnyRequest): Promise<AnyRequest> {
  try {
    const headers = await manager.headersFor(request.urlWithParams, request.method)
    return request.clone({ setHeaders: Object.fromEntries(headers) })
  } catch (error) {
    if ((error as TokenManagerError).code === 'ERR_TARGET_NOT_ALLOWED') return request
    throw error
  }
}

function authorizationOf(request: AnyRequest): string | null {
  return request.headers.get('authorization')
}

/** Whether an answer asks for another token. `used`: the `Authorization` that was sent. */
function isRefusal({ status, headers }: HttpErrorResponse, used: string | null): boolean {
  const [scheme] = used?.split(' ', 1) ?? []
  // An error that another interceptor throws is no answer of the API and has no such status.
  if (status !== 401 || !scheme) return false

  return nextAfter({ ok: false, status, headers }, scheme as AccessToken['type']) === 'renew'
}
