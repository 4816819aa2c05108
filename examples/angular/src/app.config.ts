import { provideHttpClient, withInterceptors } from '@angular/common/http'
import type { ApplicationConfig } from '@angular/core'
import { provideRouter } from '@angular/router'
import { provideTokenManager, tokenInterceptor } from 'tokenward/angular'
import { routes } from './app.routes'
import { tokens } from './app-tokens'

export const appConfig: ApplicationConfig = {
  providers: [
    provideTokenManager(tokens),
    provideHttpClient(withInterceptors([tokenInterceptor()])),
    provideRouter(routes),
  ],
}
