export type { RouteGuardOptions } from '../manager/detour.ts'
export type { AccessTokenState } from '../manager/follow-access-token.ts'
export { accessToken } from './access-token.ts'
export {
  type LoadEventLike,
  type LoadedSession,
  type RequireSessionOptions,
  requireSession,
  type SearchParamsLike,
  type UrlLike,
} from './require-session.ts'
export { type Current, session } from './session.ts'
