import { createContext, Script } from 'node:vm'

/** A JavaScript engine with nothing but the language; runs scripts and gives the lines they printed. */
export type Engine = (scripts: readonly string[]) => Promise<readonly string[]>

/** V8, in a context of its own. */
export async function v8(scripts: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = []
  let isOver = () => {}
  const over = new Promise<void>((resolve) => {
    isOver = resolve
  })
  const print = (line: string) => {
    lines.push(line)
    if (line === 'END') isOver()
  }
  const context = createContext({ shell: { print, turn: (run: () => void) => void setImmediate(run) } })
  for (const script of scripts) new Script(script).runInContext(context)
  await over
  return lines
}
