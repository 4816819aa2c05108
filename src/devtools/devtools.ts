import type { TokenManager } from '../manager/token-manager.ts'
import { type Journal, journal } from '../telemetry/journal.ts'
import type { DevtoolsPorts } from './devtools-ports.ts'
import { openPanel } from './panel.ts'

/** What the types of a platform say of elements. */
interface ElementHost<Element> {
  readonly HTMLElement: new () => Element
}

/** What a `<tokenward-devtools>` has beside the members of every element. */
export interface DevtoolsPanel {
  /** Whose session it shows. Nothing is shown without it. */
  tokens: TokenManager | undefined
  /** What it shows. Default: a journal of its own, in this tab's memory: it begins with the page. */
  journal: Journal | undefined
  /** What `devtoolsPorts()` gave to this manager: then there are buttons that expire the token and cut the network of this tab. */
  ports: DevtoolsPorts | undefined
}

/** A `<tokenward-devtools>`; types without the DOM library have no elements. */
export type DevtoolsElement = DevtoolsPanel & (typeof globalThis extends ElementHost<infer Element> ? Element : object)

const NAME = 'tokenward-devtools'

/** Defines the element, once. Where there are no elements, as on a server, nothing happens. */
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
 * A panel for development: `document.body.append(devtools(tokens))`. It shows what every tab decided and why, and what is known of the session,
 * never a token.
 * @param options what the element's properties hold
 */
export function devtools(tokens: TokenManager, options: Partial<Omit<DevtoolsPanel, 'tokens'>> = {}): DevtoolsElement {
  const element = document.createElement(NAME) as unknown as DevtoolsElement
  return Object.assign(element, options, { tokens })
}
