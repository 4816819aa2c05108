// Compiled against what was built, by the package's own name and without any ambient types, as an application would be.
import type * as main from 'tokenward'
import type * as angular from 'tokenward/angular'
import type * as browser from 'tokenward/browser'
import type * as svelte from 'tokenward/svelte'
import type * as testing from 'tokenward/testing'
import type * as vue from 'tokenward/vue'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Is<T extends true> = T

export type AnErrorIsTheSameClassInEveryEntry = Is<
  Same<InstanceType<typeof main.TokenManagerError>, InstanceType<typeof browser.TokenManagerError>>
>

export type ASymbolIsTheSameInEveryEntry = Is<
  Same<typeof main.allowInsecureLoopback, typeof browser.allowInsecureLoopback>
>

export type AManagerIsTheSameInEveryEntry = Is<
  Same<ReturnType<typeof main.createTokenManager>, ReturnType<typeof browser.createTokenManager>>
>

export type ATestManagerIsAManager = Is<
  ReturnType<typeof testing.createTestTokenManager> extends main.TokenManager ? true : false
>

export type AStoreIsTheSameInEveryEntry = Is<Same<ReturnType<typeof testing.memoryStore>, main.Store<unknown>>>

export type ASessionIsTheSameInEveryFramework = Is<
  Same<
    ReturnType<ReturnType<typeof angular.injectSession>> | ReturnType<typeof svelte.session>['current'],
    ReturnType<typeof vue.useSession>['value']
  >
>

type Claims = NonNullable<Extract<main.SessionState, { status: 'signedIn' }>['session']['claims']>
export type StandardClaimsHaveTheirTypes = Is<
  Same<[Claims['name'], Claims['email_verified']], [string | undefined, boolean | undefined]>
>
export type OtherClaimsAreUnknown = Is<Same<Claims['no_such_claim'], unknown>>

// The comparison itself can fail.
export type TwoSymbolsDiffer = Is<Same<Same<typeof main.allowInsecureLoopback, symbol>, false>>
