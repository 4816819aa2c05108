import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'

const textOf = (name: string) => readFileSync(`${root}examples/${name}`, 'utf8')
const programs = readdirSync(`${root}examples`).filter((name) => /^browser-.*\.ts$/.test(name))

/** The lines that listen for clicks only after the program has waited for something: an early click is lost. */
function lateListeners(program: string): string[] {
  const lines = program.split('\n')
  // What is indented waits inside of a function, or below a line that waits itself.
  const firstWait = lines.findIndex((line) => /^(?!\s|\/\/).*= await\b|^await\b/.test(line))
  return firstWait < 0
    ? []
    : lines.slice(firstWait).filter((line) => /addEventListener\('click'|\.onclick =/.test(line))
}

it.each(["button.addEventListener('click', async () => {", 'button.onclick = async () => {'])(
  'finds a listener that comes too late: %s',
  (listener) => {
    const listening = `${listener}\n  await tokens.signOut()\n}\n`
    const waiting = 'const state = await tokens.ready()\n'
    expect(lateListeners(waiting + listening)).toEqual([listener])
    expect(lateListeners(listening + waiting)).toEqual([])
  },
)

it.each(programs)('%s loses no click', (name) => {
  expect(lateListeners(textOf(name))).toEqual([])
})

it('the page of node-users.ts loses no click', () => {
  const [, script = ''] = /<script type="module">\n(.*?)<\/script>/s.exec(textOf('node-users.ts')) ?? []
  const program = script.replace(/^ {2}/gm, '')
  expect(program).toContain('await')
  expect(lateListeners(program)).toEqual([])
})
