import { flowchartPicture } from './pictures/flowchart.mjs'
import { sequencePicture } from './pictures/sequence.mjs'

/**
 * What VitePress's Markdown does beside its own: pictures are drawn when the site is built, and wide tables can be scrolled by keyboard.
 *
 * @param {import('vitepress').MarkdownRenderer} md
 */
export function extendMarkdown(md) {
  const fence = md.renderer.rules.fence
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const { info = '', content = '' } = tokens[index] ?? {}
    if (info.trim() === 'mermaid') return picture(content)
    return fence?.(tokens, index, options, env, self) ?? ''
  }
  md.renderer.rules.table_open = () => '<div class="wide"><table>'
  md.renderer.rules.table_close = () => '</table></div>'
}

/** @param {string} source */
function picture(source) {
  if (source.startsWith('sequenceDiagram')) return sequencePicture(source)
  if (source.startsWith('flowchart TD')) return flowchartPicture(source)
  throw new Error(`No picture is drawn of this kind of diagram: ${source.split('\n')[0]}`)
}
