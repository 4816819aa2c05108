import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine.ts'
import type { Answer, Question } from './page/question.ts'

/** The process that draws `tab`: the one whose memory grows with what the page takes. */
export async function rendererOf(
  engine: Engine,
  tab: string,
  ask: (tab: string, question: Question) => Promise<Answer>,
): Promise<number> {
  for (let tries = 0; tries < 5; tries++) {
    await ask(tab, { do: 'ballast', hold: false })
    const before = new Map(engine.renderers().map((pid) => [pid, residentBytes(pid)]))
    await ask(tab, { do: 'ballast', hold: true })
    const grown = engine.renderers().filter((pid) => residentBytes(pid) - (before.get(pid) ?? 0) > 2 ** 25)
    await ask(tab, { do: 'ballast', hold: false })
    if (grown.length === 1) return grown[0] as number
    await sleep(500)
  }
  throw new Error(`Which process draws ${tab}?`)
}

const residentBytes = (pid: number) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
