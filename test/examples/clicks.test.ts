import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'

const programs = readdirSync(`${root}examples`).filter((name) => /^browser-.*\.ts$/.test(name))

/** The lines that listen for clicks only after the program has waited for something: an early click is lost. */
function lateListeners(program: string): string[] {
  const lines = program.split('\n')
  // What is indented waits inside of a function, or below a line that waits itself.
  const firstWait = lines.findIndex((line) => /^(?!\s|\/\/).*\bawait\b/.test(line))
  return firstWait < 0 ? [] : lines.slice(firstWait).filter((line) => line.includes("addEventListener('click'"))
}

it('finds a listener that comes too late', () => {
  const listener = "button.addEventListener('click', async () => {\n  await tokens.signOut()\n})\n"
  const wait = 'const state = await tokens.ready()\n'
  expect(lateListeners(wait + listener)).toEqual(["button.addEventListener('click', async () => {"])
  expect(lateListeners(listener + wait)).toEqual([])
})

it.each(programs)('%s loses no click', (name) => {
  expect(lateListeners(readFileSync(`${root}examples/${name}`, 'utf8'))).toEqual([])
})
