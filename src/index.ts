export {
  isTransient,
  type SignedOutReason,
  TokenManagerError,
  type TokenManagerErrorCode,
  type TokenManagerErrorDetails,
  type TokenManagerErrorReason,
} from './errors.ts'
export { explainToken } from './explain-token/explain-token.ts'
export type {
  ExplainedAction,
  ExplainedKind,
  ExplainedProblem,
  ExplainedResponse,
  ExplainTokenOptions,
  TokenExplanation,
} from './explain-token/token-explanation.ts'
export { alwaysOnline } from './in-process/always-online.ts'
export { memoryStore } from './in-process/memory-store.ts'
export { noChannel } from './in-process/no-channel.ts'
export { type QueueLockOptions, queueLock } from './in-process/queue-lock.ts'
export { systemClock } from './in-process/system-clock.ts'
export { webCrypto } from './in-process/web-crypto.ts'
export { webSealing } from './in-process/web-sealing.ts'
export { createTokenManager, type ManagerPlatform } from './manager/create-token-manager.ts'
export { type Dpop, dpop } from './manager/dpop.ts'
export { metadataFrom } from './manager/metadata-from.ts'
export {
  allowInsecureLoopback,
  allowMissingNonce,
  type RefreshOptions,
  type TokenManagerOptions,
} from './manager/options.ts'
export { pushedAuthorizationRequests } from './manager/pushed-authorization-requests.ts'
export { type SessionLimits, type SessionLimitsOptions, sessionLimits } from './manager/session-limits.ts'
export { type StepUp, stepUp } from './manager/step-up.ts'
export type { GetAccessTokenOptions, SignInOptions, TokenManager, TokenSet } from './manager/token-manager.ts'
export type {
  Bytes,
  Channel,
  ClientAuthentication,
  ClientAuthenticationParts,
  Clock,
  Crypto,
  CryptoKey,
  Degradation,
  EpochMs,
  Fetch,
  JsonWebKey,
  KeyHandle,
  Lifecycle,
  LifecycleEvent,
  Lock,
  Platform,
  RefreshElsewhere,
  Sealed,
  Sealing,
  Signing,
  SigningKey,
  Store,
  Stored,
  SwapOptions,
  UserAgent,
  WireText,
} from './ports.ts'
export type { AccessToken, Target } from './protocol/access-token.ts'
export type { ClaimRequest, ClaimsRequest } from './protocol/authorization-code.ts'
export type {
  AuthorizationServerMetadata,
  MetadataOverrides,
  MetadataSource,
  MetadataSourceOptions,
  StartedMetadata,
} from './protocol/authorization-server-metadata.ts'
export type { DpopKey, DpopOptions, DpopProver } from './protocol/dpop.ts'
export type { EndSessionParameters, EndSessionParams } from './protocol/end-session.ts'
export type { AddressClaim, IdTokenClaims, StandardClaims } from './protocol/id-token.ts'
export type { PushedAuthorizationRequests } from './protocol/pushed-authorization.ts'
export { followRedirect } from './requests/follow-redirect.ts'
export type { ResourceOption } from './requests/resource-matcher.ts'
export { sealed } from './sealing/sealed.ts'
export type {
  EventBase,
  EventListener,
  TokenManagerEvent,
  TokenManagerEvents,
  TokenManagerEventType,
} from './session/events.ts'
export type { Revocation } from './session/outbox.ts'
export type { SignOutOptions, SignOutReport } from './session/sign-out.ts'
export type { SessionState, SessionView } from './session/state.ts'
