import { TokenManager } from "./bff/page.js";
import { Clock, Fetch } from "./browser.js";
import { Journal } from "./telemetry.js";
interface DevtoolsPorts {
    readonly clock: DevtoolsClock;
    readonly fetch: Fetch;
    offline: boolean;
}
interface DevtoolsClock extends Clock {
    ahead: number;
}
declare function devtoolsPorts(): DevtoolsPorts;
interface ElementHost<Element> {
    readonly HTMLElement: new () => Element;
}
interface DevtoolsPanel {
    tokens: TokenManager | undefined;
    journal: Journal | undefined;
    ports: DevtoolsPorts | undefined;
}
type DevtoolsElement = DevtoolsPanel & (typeof globalThis extends ElementHost<infer Element> ? Element : object);
declare function devtools(tokens: TokenManager, options?: Partial<Omit<DevtoolsPanel, "tokens">>): DevtoolsElement;
export { devtools, devtoolsPorts };
export type { DevtoolsClock, DevtoolsElement, DevtoolsPanel, DevtoolsPorts };
