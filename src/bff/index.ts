export { TokenManagerError, type TokenManagerErrorCode, type TokenManagerErrorReason } from '../errors.ts'
export { allowInsecureLoopback } from '../manager/options.ts'
export { type ClientSecret, clientSecretBasic, clientSecretPost } from '../node/client-authentication.ts'
export { environmentKey } from '../node/environment-key.ts'
export { type PrivateKeyJwtOptions, type PrivateKeySource, privateKeyJwt } from '../node/private-key-jwt.ts'
export type {
  BffApi,
  BffClientOptions,
  BffCookieOptions,
  BffOptions,
  BffPageToken,
  BffPoolOptions,
  BffSiteOptions,
} from './bff-options.ts'
export { type Bff, createBff } from './create-bff.ts'
export {
  expressBff,
  type FastifyBffReplyLike,
  fastifyBff,
  honoBff,
  nextBff,
  type RouteHandlers,
} from './frameworks.ts'
export { type NodeRequestLike, type NodeResponseLike, nodeBff } from './node-listener.ts'
export { bffServer } from './node-server.ts'
export { nodeUpgrade, type UpgradeListener } from './node-upgrade.ts'
export type { SessionAnswer, SignOutAnswer, TokenAnswer } from './page-answers.ts'
export type { BffRefusal, BffRefusalCode } from './refusal.ts'
export type { BffVisitor } from './visitor.ts'
export type { AllowedSocket } from './web-socket.ts'
