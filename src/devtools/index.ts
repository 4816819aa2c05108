import { defineDevtools } from './devtools.ts'

export { type DevtoolsElement, type DevtoolsPanel, devtools } from './devtools.ts'
export { type DevtoolsClock, type DevtoolsPorts, devtoolsPorts } from './devtools-ports.ts'

// Importing this file is enough for a `<tokenward-devtools>` that stands in a page's HTML.
defineDevtools()
