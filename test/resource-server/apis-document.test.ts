import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'
import { type AccessTokenErrorReason, answerOf } from '../../src/resource-server/access-token-error.ts'

const text = (file: string) => readFileSync(root + file, 'utf8')
const document = text('docs/apis.md')

it('docs/apis.md has every reason, with its answer, and every metric', () => {
  const [, union = ''] =
    /type AccessTokenErrorReason =(.*?)\n\n/s.exec(text('src/resource-server/access-token-error.ts')) ?? []
  const reasons = [...union.matchAll(/'(\w+)'/g)].map(([, reason]) => reason as AccessTokenErrorReason)
  expect(reasons.length).toBeGreaterThan(25)
  for (const reason of reasons) {
    const row = document.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${reason}\``)) ?? ''
    const { status, error } = answerOf(reason)
    expect([reason, row]).toEqual([reason, expect.stringContaining(` ${status}`)])
    if (error) expect(row).toContain(error)
  }
  const metrics = [...text('src/resource-server/decision-metrics.ts').matchAll(/create\w+\('([\w.]+)'/g)]
  expect(metrics).toHaveLength(2)
  for (const [, name] of metrics) expect(document).toContain(`\`${name}\``)
})
