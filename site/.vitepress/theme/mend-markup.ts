import type { Router } from 'vitepress'

/** Mends what the default theme leaves to assistive technology: after each page was drawn, and when its width changes. */
export function mendMarkup(router: Router): void {
  if (typeof window === 'undefined') return
  const mend = () => {
    reachScrollable()
    document.querySelector('.VPHome')?.setAttribute('role', 'main')
    document.documentElement.dataset.ready = ''
  }
  const afterDrawing = () => void requestAnimationFrame(() => requestAnimationFrame(mend))
  router.onAfterRouteChange = afterDrawing
  window.addEventListener('resize', mend)
  window.addEventListener('load', afterDrawing)
}

/** Lets the keyboard reach tables and pictures that are wider than the page, and only those: others would be stops for nothing. */
function reachScrollable() {
  for (const one of document.querySelectorAll<HTMLElement>('.wide, .picture')) {
    if (one.scrollWidth > one.clientWidth) one.tabIndex = 0
    else one.removeAttribute('tabindex')
  }
}
