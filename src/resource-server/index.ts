export { TokenManagerError, type TokenManagerErrorCode, type TokenManagerErrorReason } from '../errors.ts'
export { explainToken } from '../explain-token/explain-token.ts'
export type {
  ExplainedAction,
  ExplainedKind,
  ExplainedProblem,
  ExplainedResponse,
  ExplainTokenOptions,
  TokenExplanation,
} from '../explain-token/token-explanation.ts'
export { allowInsecureLoopback } from '../protocol/allow-insecure-loopback.ts'
export type { AccessTokenClaims } from './access-token-claims.ts'
export { AccessTokenError, type AccessTokenErrorReason } from './access-token-error.ts'
export {
  allowUntypedLogoutTokens,
  type BackchannelLogoutOptions,
  createBackchannelLogout,
  type LogoutDecision,
  type LogoutEvent,
} from './backchannel-logout.ts'
export type { GuardedRequest, HeadersLike } from './credentials.ts'
export type { Decision } from './decision.ts'
export { decisionMetrics, type MeterLike } from './decision-metrics.ts'
export type {
  ClientDenial,
  DeniableIssuer,
  DeniableToken,
  Denial,
  DenylistEntry,
  GrantDenial,
  SessionDenial,
  SubjectDenial,
  TokenDenial,
} from './denial.ts'
export {
  createDenylist,
  type Denylist,
  type DenylistOptions,
  type DenylistStatus,
  type DenylistStore,
} from './denylist.ts'
export type { DpopProofOptions } from './dpop-proof.ts'
export { expressGuard } from './express-guard.ts'
export { type FastifyReplyLike, fastifyGuard } from './fastify-guard.ts'
export { fetchGuard } from './fetch-guard.ts'
export { createGuard, type Guard, type GuardOptions } from './guard.ts'
export { type HonoContextLike, honoGuard } from './hono-guard.ts'
export type { IntrospectionOptions } from './introspection.ts'
export type { IssuerOptions } from './issuer.ts'
export type { KeyOptions } from './key-options.ts'
export { type NodeResponse, nodeGuard } from './node-guard.ts'
export type { NonceOptions } from './nonces.ts'
export type { AccessPolicy } from './policy.ts'
export { corsHeaders, type PreflightOptions, preflight } from './preflight.ts'
export { memoryReplayStore, type ReplayStore } from './replay-store.ts'
export type { SignatureMode } from './signature.ts'
export type { SubjectKind } from './subject-kind.ts'
export type { ClaimNames, LogoutDialect, TokenDialect } from './token-dialect.ts'
export { allowUntypedTokens, type ValidatorOptions } from './validator-options.ts'
