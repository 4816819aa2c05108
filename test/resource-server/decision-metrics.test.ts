import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { expect, it } from 'vitest'
import { decisionMetrics } from '../../src/resource-server/decision-metrics.ts'
import { createGuard } from '../../src/resource-server/guard.ts'
import { AUDIENCE, NOW, request, testIssuer } from './test-issuer.ts'

it('ERR-06: decisions become metrics of stable names, and nothing in them names anybody', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  const as = await testIssuer()
  const guard = createGuard({
    ...{ issuer: as.issuer, audience: AUDIENCE, fetch: as.fetch, now: () => NOW },
    onDecision: decisionMetrics(provider.getMeter('api')),
  })
  const token = await as.accessToken()
  await guard(request(token), { route: 'notes' })
  await guard(request(token), { route: 'notes' })
  await guard(request(token), { scope: 'admin', route: 'admin' }).catch(() => {})
  await guard(request()).catch(() => {})
  await reader.forceFlush()
  const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  await provider.shutdown()

  const [decisions, duration] = metrics
  expect(metrics.map(({ descriptor: { name, unit } }) => [name, unit])).toEqual([
    ['tokenward.guard.decisions', '{decision}'],
    ['tokenward.guard.duration', 's'],
  ])
  expect(decisions?.dataPoints.map(({ attributes, value }) => [attributes, value])).toEqual([
    [{ allowed: true, issuer: as.issuer, route: 'notes' }, 2],
    [{ allowed: false, reason: 'scope_missing', issuer: as.issuer, route: 'admin' }, 1],
    [{ allowed: false, reason: 'no_credentials' }, 1],
  ])
  expect(duration?.dataPoints.map(({ attributes, value }) => [attributes, (value as { count: number }).count])).toEqual(
    [
      [{ allowed: true }, 2],
      [{ allowed: false }, 2],
    ],
  )
  const shown = JSON.stringify(metrics)
  for (const secret of ['person', 'spa', token.split('.')[2] as string]) expect(shown).not.toContain(`"${secret}"`)
})
