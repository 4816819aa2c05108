import { defineDevtools } from './devtools.ts'

export { type DevtoolsElement, type DevtoolsPanel, devtools } from './devtools.ts'
export { type DevtoolsClock, type DevtoolsPorts, devtoolsPorts } from './devtools-ports.ts'

// `<tokenward-devtools>` in a page's HTML works as soon as this is imported.
defineDevtools()
