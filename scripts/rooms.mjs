import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './entries.mjs'

const path = 'docs/architecture.md'
const picture = /(<!-- rooms: written by scripts\/rooms\.mjs -->\n)[\s\S]*?(<!-- end of rooms -->)/
const imported = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g

/**
 * Which room imports which, read from the sources.
 *
 * @param {Readonly<Record<string, string>>} files path → source, every file of `src`
 */
export function arrows(files) {
  /** @type {Map<string, Set<string>>} */
  const rooms = new Map()
  for (const [file, source] of Object.entries(files)) {
    const room = roomOf(file)
    const others = rooms.get(room) ?? new Set()
    rooms.set(room, others)
    for (const [, specifier = ''] of source.matchAll(imported)) {
      const other = roomOf(posix.join(posix.dirname(file), specifier))
      if (other !== room) others.add(other)
    }
  }
  return rooms
}

/**
 * The picture of the rooms. An arrow that a longer way says as well is left out.
 *
 * @param {ReadonlyMap<string, ReadonlySet<string>>} rooms
 */
export function drawing(rooms) {
  const lines = []
  for (const [room, others] of [...rooms].sort()) {
    const direct = [...others].sort().filter((other) => !reaches(rooms, others, other))
    for (const other of direct) lines.push(`  ${room} --> ${other}`)
  }
  return ['```mermaid', 'flowchart TD', ...lines, '```', ''].join('\n')
}

/**
 * The document with the picture as it should be.
 *
 * @param {string} markdown
 * @param {Readonly<Record<string, string>>} files
 */
export function withRooms(markdown, files) {
  if (!picture.test(markdown)) throw new Error(`${path} has no place for the picture of the rooms.`)
  return markdown.replace(picture, (_, begin, end) => begin + drawing(arrows(files)) + end)
}

/** @param {string} file */
function roomOf(file) {
  return (file.split('/')[1] ?? '').replace(/\.ts$/, '')
}

/**
 * Whether one of `others` leads to `goal`, over however many rooms.
 *
 * @param {ReadonlyMap<string, ReadonlySet<string>>} rooms
 * @param {ReadonlySet<string>} others
 * @param {string} goal
 */
function reaches(rooms, others, goal) {
  const seen = new Set()
  const waiting = [...others].filter((other) => other !== goal)
  for (let room = waiting.pop(); room !== undefined; room = waiting.pop()) {
    if (seen.has(room)) continue
    seen.add(room)
    const next = rooms.get(room) ?? new Set()
    if (next.has(goal)) return true
    waiting.push(...next)
  }
  return false
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = Object.fromEntries(
    readdirSync(`${root}src`, { recursive: true })
      .map((file) => `src/${String(file).replaceAll('\\', '/')}`)
      .filter((file) => file.endsWith('.ts') || file.endsWith('.tsx'))
      .map((file) => [file, readFileSync(root + file, 'utf8')]),
  )
  writeFileSync(root + path, withRooms(readFileSync(root + path, 'utf8'), files))
}
