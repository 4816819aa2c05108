import type { TokenManager } from '../manager/token-manager.ts'
import { type Journal, journal } from '../telemetry/journal.ts'
import type { DevtoolsPorts } from './devtools-ports.ts'
import { openPanel } from './panel.ts'

/** A global scope whose types know HTML elements. */
interface ElementHost<Element> {
  readonly HTMLElement: new () => Element
}

/** The members that a `<tokenward-devtools>` has besides those of every HTML element. */
export interface DevtoolsPanel {
  /** The manager whose session is shown. While it is `undefined`, nothing is shown. */
  tokens: TokenManager | undefined
  /** The journal whose entries are shown. Default: a new one in the memory of this tab, which begins when the panel is shown. */
  journal: Journal | undefined
  /**
   * The ports that `devtoolsPorts()` made for this manager. With them the panel has two more buttons: one lets the access token expire, the
   * other cuts the network of this tab. Default: no such buttons.
   */
  ports: DevtoolsPorts | undefined
}

/** A `<tokenward-devtools>` element. Without the DOM library in `tsconfig.json` its type has only the members of {@link DevtoolsPanel}. */
export type DevtoolsElement = DevtoolsPanel & (typeof globalThis extends ElementHost<infer Element> ? Element : object)

const NAME = 'tokenward-devtools'

/** Defines the element, if that has not been done yet. Does nothing where there are no elements, as on a server. */
export function defineDevtools(): void {
  if (typeof customElements === 'undefined' || customElements.get(NAME)) return

  class TokenwardDevtools extends HTMLElement implements DevtoolsPanel {
    #tokens: TokenManager | undefined
    #journal: Journal | undefined
    #ports: DevtoolsPorts | undefined
    #close = () => {}

    get tokens() {
      return this.#tokens
    }
    set tokens(tokens) {
      this.#tokens = tokens
      this.#open()
    }
    get journal() {
      return this.#journal
    }
    set journal(journal) {
      this.#journal = journal
      this.#open()
    }
    get ports() {
      return this.#ports
    }
    set ports(ports) {
      this.#ports = ports
      this.#open()
    }

    connectedCallback() {
      this.#open()
    }
    disconnectedCallback() {
      this.#close()
      this.#close = () => {}
    }

    #open() {
      this.disconnectedCallback()
      if (!this.isConnected || !this.#tokens) return

      const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
      const own = this.#journal ?? journal(this.#tokens, { ...(this.#ports && { clock: this.#ports.clock }) })
      const close = openPanel(root, { tokens: this.#tokens, journal: own, ports: this.#ports })
      this.#close = () => {
        close()
        if (own !== this.#journal) own.stop()
      }
    }
  }
  customElements.define(NAME, TokenwardDevtools)
}

/**
 * Makes a panel for development: `document.body.append(devtools(tokens))`. It shows the state of the session, and what each tab did to it and
 * why. It never shows a token.
 * @param tokens the manager whose session is shown
 * @param options the element's other properties: `journal` and `ports`
 */
export function devtools(tokens: TokenManager, options: Partial<Omit<DevtoolsPanel, 'tokens'>> = {}): DevtoolsElement {
  const element = document.createElement(NAME) as unknown as DevtoolsElement
  return Object.assign(element, options, { tokens })
}
