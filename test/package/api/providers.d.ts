import { TokenManagerOptions } from "./browser.js";
import { IssuerOptions } from "./resource-server.js";
import "./resource-server.js";
type ClientPreset = Partial<TokenManagerOptions> & Pick<TokenManagerOptions, "issuer" | "clientId">;
type ApiPreset = IssuerOptions;
interface Auth0ApiOptions {
    readonly domain: string;
    readonly profile?: "auth0" | "rfc9068";
}
declare function auth0Api({ domain, profile }: Auth0ApiOptions): ApiPreset;
interface Auth0Options {
    readonly domain: string;
    readonly clientId: string;
    readonly logout?: "oidc" | "v2";
}
declare function auth0Client({ domain, clientId, logout }: Auth0Options): ClientPreset;
declare const auth0: typeof auth0Client & {
    readonly api: typeof auth0Api;
};
interface AuthentikApiOptions {
    readonly url: string;
    readonly application: string;
}
declare function authentikApi({ url, application }: AuthentikApiOptions): ApiPreset;
interface AuthentikOptions {
    readonly url: string;
    readonly application: string;
    readonly clientId: string;
}
declare function authentikClient({ url, application, clientId }: AuthentikOptions): ClientPreset;
declare const authentik: typeof authentikClient & {
    readonly api: typeof authentikApi;
};
interface BetterAuthOptions {
    readonly url: string;
    readonly clientId: string;
}
declare function betterAuth({ url, clientId }: BetterAuthOptions): ClientPreset;
interface CognitoApiOptions {
    readonly region: string;
    readonly userPool: string;
}
declare function cognitoApi({ region, userPool }: CognitoApiOptions): ApiPreset;
interface CognitoOptions {
    readonly region: string;
    readonly userPool: string;
    readonly clientId: string;
}
declare function cognitoClient({ region, userPool, clientId }: CognitoOptions): ClientPreset;
declare const cognito: typeof cognitoClient & {
    readonly api: typeof cognitoApi;
};
interface DjangoOauthToolkitOptions {
    readonly url: string;
    readonly clientId: string;
}
declare function djangoOauthToolkit({ url, clientId }: DjangoOauthToolkitOptions): ClientPreset;
interface DoorkeeperOptions {
    readonly issuer: string;
    readonly clientId: string;
}
declare function doorkeeper({ issuer, clientId }: DoorkeeperOptions): ClientPreset;
interface EntraApiOptions {
    readonly tenant?: string;
    readonly tenants?: readonly string[] | ((tenant: string) => boolean);
    readonly version?: 1 | 2;
}
declare function entraApi({ tenant, tenants, version }: EntraApiOptions): ApiPreset;
interface EntraOptions {
    readonly tenant: string;
    readonly clientId: string;
}
declare function entraClient({ tenant, clientId }: EntraOptions): ClientPreset;
declare const entra: typeof entraClient & {
    readonly api: typeof entraApi;
};
interface EntraB2cApiOptions {
    readonly tenant: string;
    readonly tenantId: string;
    readonly policy: string;
}
declare function entraB2cApi({ tenant, tenantId, policy }: EntraB2cApiOptions): ApiPreset;
interface EntraB2cOptions {
    readonly tenant: string;
    readonly tenantId: string;
    readonly policy: string;
    readonly clientId: string;
}
declare function entraB2cClient({ tenant, tenantId, policy, clientId }: EntraB2cOptions): ClientPreset;
declare const entraB2c: typeof entraB2cClient & {
    readonly api: typeof entraB2cApi;
};
interface GithubOptions {
    readonly clientId: string;
}
declare function github({ clientId }: GithubOptions): ClientPreset;
interface GlewlwydApiOptions {
    readonly issuer: string;
}
declare function glewlwydApi({ issuer }: GlewlwydApiOptions): ApiPreset;
interface GlewlwydOptions {
    readonly issuer: string;
    readonly clientId: string;
}
declare function glewlwydClient({ issuer, clientId }: GlewlwydOptions): ClientPreset;
declare const glewlwyd: typeof glewlwydClient & {
    readonly api: typeof glewlwydApi;
};
interface GoogleOptions {
    readonly clientId: string;
}
declare function google({ clientId }: GoogleOptions): ClientPreset;
interface HydraApiOptions {
    readonly issuer: string;
}
declare function hydraApi({ issuer }: HydraApiOptions): ApiPreset;
interface HydraOptions {
    readonly issuer: string;
    readonly clientId: string;
}
declare function hydraClient({ issuer, clientId }: HydraOptions): ClientPreset;
declare const hydra: typeof hydraClient & {
    readonly api: typeof hydraApi;
};
interface IdentityServerOptions {
    readonly url: string;
    readonly clientId: string;
}
declare function identityServer({ url, clientId }: IdentityServerOptions): ClientPreset;
interface KeycloakApiOptions {
    readonly url: string;
    readonly realm: string;
    readonly version?: number;
}
declare function keycloakApi({ url, realm, version }: KeycloakApiOptions): ApiPreset;
interface KeycloakOptions {
    readonly url: string;
    readonly realm: string;
    readonly clientId: string;
}
declare function keycloakClient({ url, realm, clientId }: KeycloakOptions): ClientPreset;
declare const keycloak: typeof keycloakClient & {
    readonly api: typeof keycloakApi;
};
interface LemonldapApiOptions {
    readonly issuer: string;
}
declare function lemonldapApi({ issuer }: LemonldapApiOptions): ApiPreset;
interface LemonldapOptions {
    readonly issuer: string;
    readonly clientId: string;
}
declare function lemonldapClient({ issuer, clientId }: LemonldapOptions): ClientPreset;
declare const lemonldap: typeof lemonldapClient & {
    readonly api: typeof lemonldapApi;
};
interface LogtoApiOptions {
    readonly url: string;
}
declare function logtoApi({ url }: LogtoApiOptions): ApiPreset;
interface LogtoOptions {
    readonly url: string;
    readonly clientId: string;
}
declare function logtoClient({ url, clientId }: LogtoOptions): ClientPreset;
declare const logto: typeof logtoClient & {
    readonly api: typeof logtoApi;
};
interface OktaApiOptions {
    readonly domain: string;
    readonly authorizationServer?: string;
}
declare function oktaApi(options: OktaApiOptions): ApiPreset;
interface OktaOptions {
    readonly domain: string;
    readonly clientId: string;
    readonly authorizationServer?: string;
}
declare function oktaClient(options: OktaOptions): ClientPreset;
declare const okta: typeof oktaClient & {
    readonly api: typeof oktaApi;
};
interface SupabaseApiOptions {
    readonly project: string;
}
declare function supabaseApi({ project }: SupabaseApiOptions): ApiPreset;
interface SupabaseOptions {
    readonly project: string;
    readonly clientId: string;
}
declare function supabaseClient({ project, clientId }: SupabaseOptions): ClientPreset;
declare const supabase: typeof supabaseClient & {
    readonly api: typeof supabaseApi;
};
interface ZitadelApiOptions {
    readonly url: string;
}
declare function zitadelApi({ url }: ZitadelApiOptions): ApiPreset;
interface ZitadelOptions {
    readonly url: string;
    readonly clientId: string;
}
declare function zitadelClient({ url, clientId }: ZitadelOptions): ClientPreset;
declare const zitadel: typeof zitadelClient & {
    readonly api: typeof zitadelApi;
};
export { auth0, authentik, betterAuth, cognito, djangoOauthToolkit, doorkeeper, entra, entraB2c, github, glewlwyd, google, hydra, identityServer, keycloak, lemonldap, logto, okta, supabase, zitadel };
export type { ApiPreset, Auth0ApiOptions, Auth0Options, AuthentikApiOptions, AuthentikOptions, BetterAuthOptions, ClientPreset, CognitoApiOptions, CognitoOptions, DjangoOauthToolkitOptions, DoorkeeperOptions, EntraApiOptions, EntraB2cApiOptions, EntraB2cOptions, EntraOptions, GithubOptions, GlewlwydApiOptions, GlewlwydOptions, GoogleOptions, HydraApiOptions, HydraOptions, IdentityServerOptions, KeycloakApiOptions, KeycloakOptions, LemonldapApiOptions, LemonldapOptions, LogtoApiOptions, LogtoOptions, OktaApiOptions, OktaOptions, SupabaseApiOptions, SupabaseOptions, ZitadelApiOptions, ZitadelOptions };
