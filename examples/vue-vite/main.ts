import { requireSession, tokenManagerPlugin } from 'tokenward/vue'
import { createApp } from 'vue'
import { createRouter, createWebHistory, RouterView } from 'vue-router'
import { tokens } from './app-tokens.ts'
import NotesPage from './notes-page.vue'
import SignInPage from './sign-in-page.vue'

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', redirect: '/notes' },
    { path: '/notes', component: NotesPage, meta: { requiresSession: true } },
    { path: '/sign-in', component: SignInPage },
    { path: '/callback', component: { render: () => null } },
  ],
})
requireSession(router, tokens, { signedOut: '/sign-in' })

createApp(RouterView).use(tokenManagerPlugin(tokens)).use(router).mount('#app')
