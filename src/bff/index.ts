export { TokenManagerError, type TokenManagerErrorCode, type TokenManagerErrorReason } from '../errors.ts'
export type { BffApi, BffCookieOptions, BffOptions, BffPageToken } from './bff-options.ts'
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
export { nodeUpgrade } from './node-upgrade.ts'
export type { SessionAnswer, SignOutAnswer, TokenAnswer } from './page-answers.ts'
export type { BffRefusal, BffRefusalCode } from './refusal.ts'
export type { AllowedSocket } from './web-socket.ts'
