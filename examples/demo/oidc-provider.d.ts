/** The part of oidc-provider 9 that the demo uses; the package has no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

  interface Grant {
    readonly jti: string
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    save(): Promise<string>
  }

  interface Context {
    readonly path: string
    readonly method: string
    readonly req: IncomingMessage
    readonly res: ServerResponse
    readonly oidc: {
      readonly params?: Readonly<Record<string, string | undefined>>
      readonly acr?: string
      readonly entities: Readonly<Record<string, { readonly acr?: string; readonly authTime?: number } | undefined>>
      readonly account?: { readonly accountId: string }
      readonly client?: { readonly clientId: string }
      readonly requestParamScopes: ReadonlySet<string>
      readonly resourceServers: Readonly<Record<string, unknown>>
      readonly provider: Provider
    }
    status: number
    type: string
    body: unknown
    respond: boolean
    set(name: string, value: string): void
  }

  class Provider {
    constructor(issuer: string, configuration: object)
    readonly Grant: {
      new (of: { accountId: string; clientId: string }): Grant
      find(jti: string): Promise<Grant | undefined>
    }
    readonly Client: {
      find(clientId: string): Promise<{
        readonly backchannelLogoutUri?: string
        backchannelLogout(accountId: string, sid: string): Promise<void>
      }>
    }
    use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): this
    on(event: string, listener: (ctx: Context, error: { error?: string; error_detail?: string }) => void): this
    callback(): RequestListener
    interactionDetails(
      req: IncomingMessage,
      res: ServerResponse,
    ): Promise<{
      readonly uid: string
      readonly prompt: { readonly name: string }
      readonly params: Readonly<Record<string, string | undefined>>
    }>
    interactionFinished(req: IncomingMessage, res: ServerResponse, result: object): Promise<void>
  }

  interface InteractionPolicy {
    base(): { get(prompt: string): { readonly checks: object[] } }
    readonly Check: new (reason: string, description: string, isNeeded: (ctx: Context) => boolean) => object
  }

  const interactionPolicy: InteractionPolicy

  export default Provider
  export type { Context, Grant, InteractionPolicy, Provider }
  export { interactionPolicy }
}
