import { androidBrowserSteps, iosBrowserSteps } from './browser-story.ts'
import type { HandedRequest } from './phone.ts'
import { realm } from './realm.ts'
import { sessionSteps } from './session-story.ts'
import { type AppParts, openStage, type Stage } from './stage.ts'

/** One step of the story, as it is told to the test. */
export interface Step {
  readonly step: string
  /** What the app saw. */
  readonly saw?: unknown
  /** Why it saw nothing. */
  readonly failed?: {
    readonly name: string
    readonly code?: string
    readonly reason?: string
    readonly message: string
  }
  readonly handed: readonly HandedRequest[]
  readonly opened: readonly unknown[]
  readonly written: readonly unknown[]
  /** The names of the keychain's items afterwards. */
  readonly items: readonly string[]
  readonly reuse: number
}

/** What is done, by its name. */
export type Steps = Readonly<Record<string, (stage: Stage, parts: AppParts) => Promise<unknown>>>

const steps: Readonly<Record<'android' | 'ios', Steps>> = {
  android: { ...sessionSteps, ...androidBrowserSteps },
  ios: { ...sessionSteps, ...iosBrowserSteps },
}

/** Tells the story, a line a step. `told`: all that this kind of phone can tell. */
export async function tellStory(parts: AppParts, told: Steps = steps[realm().phone.os]): Promise<void> {
  const { shell, time } = realm()
  shell.print(`GLOBALS ${JSON.stringify(Object.getOwnPropertyNames(globalThis))}`)
  for (const [step, run] of Object.entries(told)) {
    const { stage, end } = openStage(parts)
    const outcome = await time.settled(run(stage, parts)).then(
      (saw) => ({ saw }),
      (error) => ({ failed: described(error) }),
    )
    const found = end()
    shell.print(`STEP ${ascii(JSON.stringify({ step, ...outcome, ...found }))}`)
    // What the person still does ends here, and not in the next step.
    await time.pass(120_000)
  }
  shell.print('END')
}

function described(error: unknown) {
  const { name, code, reason, message } = (error ?? { message: 'rejected with nothing' }) as TypeError & Step['failed']
  return { name, code, reason, message }
}

/** Not every shell prints the rest of Unicode. */
function ascii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
