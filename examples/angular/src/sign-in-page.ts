import { Component, inject, signal } from '@angular/core'
import { ActivatedRoute } from '@angular/router'
import { injectTokenManager } from 'tokenward/angular'

@Component({
  selector: 'app-sign-in-page',
  template: `
    <main>
      <button type="button" (click)="signIn()">Sign in</button>
      <p role="alert">{{ problem() }}</p>
    </main>
  `,
})
export class SignInPage {
  private readonly tokens = injectTokenManager()
  private readonly route = inject(ActivatedRoute)
  protected readonly problem = signal('')

  protected async signIn(): Promise<void> {
    const returnTo = this.route.snapshot.queryParamMap.get('returnTo') ?? '/notes'
    try {
      await this.tokens.signIn({ returnTo })
    } catch (error) {
      this.problem.set((error as Error).message)
    }
  }
}
