import { icon } from './glyphs.ts'
import type { Sign } from './timeline-model.ts'

const meanings: readonly (readonly [Sign | 'token' | 'ahead' | 'unused' | 'waited' | 'calls', string])[] = [
  ['token', 'Access token in use'],
  ['ahead', 'Refreshed ahead from here on'],
  ['unused', 'Given up before it expired'],
  ['signed-in', 'Signed in'],
  ['led', 'Led: asked the server'],
  ['took', 'Took what another tab got'],
  ['waited', 'Waited for it'],
  ['calls', 'API calls answered'],
  ['rejected', 'API refused the token'],
  ['failed', 'Refresh failed'],
  ['signed-out', 'Signed out'],
  ['revoked', 'Revoked at the server'],
  ['stolen', 'Stolen tokens refused elsewhere'],
  ['trouble', 'Something to know'],
]

/** Explains the timeline's shapes in `list`. */
export function showLegend(list: HTMLElement): void {
  list.replaceChildren(
    ...meanings.map(([what, text]) => {
      const item = document.createElement('li')
      const swatch = document.createElement('span')
      swatch.className = `swatch ${what}`
      if (what === 'calls') swatch.textContent = '25'
      const drawn = ['token', 'ahead', 'unused', 'waited', 'calls'].includes(what)
      item.append(drawn ? swatch : icon(what as Sign), text)
      return item
    }),
  )
}
