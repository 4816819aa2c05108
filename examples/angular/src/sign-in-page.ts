import { Component, computed, inject, signal } from '@angular/core'
import { ActivatedRoute } from '@angular/router'
import { injectSession, injectTokenManager } from 'tokenward/angular'

@Component({
  selector: 'app-sign-in-page',
  template: `
    <main>
      <button type="button" (click)="signIn()">Sign in</button>
      <p role="alert">{{ problem() || failure() }}</p>
    </main>
  `,
})
export class SignInPage {
  private readonly tokens = injectTokenManager()
  private readonly route = inject(ActivatedRoute)
  private readonly session = injectSession()
  protected readonly problem = signal('')
  protected readonly failure = computed(() => {
    const state = this.session()
    return state.status === 'signedOut' && state.error ? `The sign-in did not work (${state.error.reason}).` : ''
  })

  protected async signIn(): Promise<void> {
    const returnTo = this.route.snapshot.queryParamMap.get('returnTo') ?? '/notes'
    try {
      await this.tokens.signIn({ returnTo })
    } catch (error) {
      this.problem.set((error as Error).message)
    }
  }
}
