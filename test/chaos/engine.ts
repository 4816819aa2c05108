import { startChromiumEngine } from './chromium-engine.ts'
import { startFirefoxEngine } from './firefox-engine.ts'
import { startWebKitEngine } from './webkit-engine.ts'

/** A browser as chaos drives it. What it cannot do is absent. */
export interface Engine {
  readonly version: string
  /** Opens a tab that shows `url`. */
  open(url: string): Promise<EngineTab>
  /** The processes that draw pages. */
  renderers(): number[]
  /** Takes the network away from every tab, as `navigator.onLine` tells. */
  readonly setOffline?: ((offline: boolean) => Promise<void>) | undefined
  /** Whether the driver still reaches the browser. */
  readonly reachable: boolean
  stop(): Promise<void>
}

/** One tab. */
export interface EngineTab {
  close(): Promise<void>
  reload(): Promise<void>
  /** Hides and freezes it, or brings it back. */
  readonly setFrozen?: ((frozen: boolean) => Promise<void>) | undefined
}

/** The engines there are. */
export const engines = {
  chromium: startChromiumEngine,
  firefox: startFirefoxEngine,
  webkit: startWebKitEngine,
} as const

/** The name of an engine. */
export type EngineName = keyof typeof engines
