import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { manifest, root } from '../../scripts/entries.mjs'
import { mistakesOf } from '../../scripts/release.mjs'

const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
const workflow = textOf('.github/workflows/release.yml')

describe('the release workflow', () => {
  it('publishes with provenance, and holds no token of npm', () => {
    expect(workflow).toMatch(/^ {6}id-token: write$/m)
    expect(workflow).toMatch(/npm publish .*--provenance/)
    expect(workflow).not.toMatch(/secrets\.|NODE_AUTH_TOKEN/)
  })

  it('has no rights but those of the one job', () => {
    expect(workflow).toMatch(/^permissions: \{\}$/m)
    expect(workflow.match(/^ +[\w-]+: (read|write)$/gm)).toEqual(['      contents: read', '      id-token: write'])
  })

  it('takes actions by commit, which nobody can move', () => {
    const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action)
    expect(actions.length).toBeGreaterThan(1)
    for (const action of actions) expect(action).toMatch(/^actions\/[\w-]+@[\da-f]{40}$/)
  })

  it('runs what there is', () => {
    const commands = [...workflow.matchAll(/npm run (\S+)/g)].map(([, name = '']) => name)
    expect(commands).toEqual(['check'])
    for (const name of commands) expect(Object.keys(manifest.scripts)).toContain(name)
  })

  it('names no repository: whoever publishes has one', () => {
    expect(manifest.repository).toBeUndefined()
    expect(workflow).toContain('npm pkg set repository.type=git')
  })
})

describe('a release', () => {
  const changelog = '# Changelog\n\n## [1.2.3] - 2026-01-31\n\n## [1.2.2] - Unreleased\n'

  it.each([
    ['v1.2.3', '1.2.3', []],
    ['1.2.3', '1.2.3', ['The tag is 1.2.3, and package.json says 1.2.3']],
    ['v1.2.4', '1.2.3', ['The tag is v1.2.4, and package.json says 1.2.3']],
    ['v1.2.2', '1.2.2', ['CHANGELOG.md has no date for 1.2.2']],
    ['v1.2.1', '1.2.1', ['CHANGELOG.md has no section 1.2.1']],
  ])('%s of %s', (tag, version, mistakes) => {
    expect(mistakesOf(tag, version, changelog)).toEqual(mistakes)
  })
})

describe('the lock files', () => {
  it.each(['package-lock.json', 'bench/peers/package-lock.json'])(
    '%s has the hash of every package, those of other platforms too',
    (path) => {
      const { packages } = JSON.parse(textOf(path)) as { packages: Record<string, { integrity?: string; link?: true }> }
      const installed = Object.entries(packages).filter(([name, { link }]) => name !== '' && !link)
      expect(installed.length).toBeGreaterThan(20)
      const without = installed.filter(([, { integrity = '' }]) => !/^sha512-[\w+/]{86}==$/.test(integrity))
      expect(without.map(([name]) => name)).toEqual([])
    },
  )
})
