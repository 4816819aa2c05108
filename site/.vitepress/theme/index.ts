import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme-without-fonts'
import './style.css'
import { h } from 'vue'
import HeroPicture from './hero-picture.vue'
import { mendMarkup } from './mend-markup.ts'
import TokenExplainer from './token-explainer.vue'

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { 'home-hero-image': () => h(HeroPicture) }),
  enhanceApp({ app, router }) {
    app.component('TokenExplainer', TokenExplainer)
    mendMarkup(router)
  },
} satisfies Theme
