import { metrics, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { describe, expect, it } from 'vitest'
import { createClientCredentials } from '../../src/client-tokens/create-client-credentials.ts'
import { clientSecretBasic } from '../../src/node/client-authentication.ts'
import { createSessionPool } from '../../src/node/create-session-pool.ts'
import { type SessionMeter, sessionMetrics, type TracerLike, tracedFetch } from '../../src/telemetry/index.ts'
import { createTestTokenManager, memoryStore } from '../../src/testing/index.ts'
import { json, tokenEndpoint } from '../client-tokens/token-endpoint.ts'
import { canary } from '../support/canary.ts'
import { world } from '../support/world.ts'

function exporting() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  const all = async () => {
    await reader.forceFlush()
    const found = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    await provider.shutdown()
    return found
  }
  return { meter: provider.getMeter('app'), all }
}

const settled = () => new Promise((resolve) => setTimeout(resolve))

/** `[name, attributes, value or count]` of everything that was told. */
const told = (all: Awaited<ReturnType<ReturnType<typeof exporting>['all']>>) =>
  all.flatMap(({ descriptor, dataPoints }) =>
    dataPoints.map(({ attributes, value }) => [
      descriptor.name.replace('tokenward.', ''),
      attributes,
      typeof value === 'number' ? value : value.count,
    ]),
  )

describe('sessionMetrics', () => {
  it('counts what a manager does, until it is told to stop', async () => {
    const { meter, all } = exporting()
    const manager = createTestTokenManager()
    const stop = sessionMetrics(meter, manager)
    manager.emit('refreshed', { duration: 100, attempt: 1 })
    manager.emit('refreshed', { duration: 100, attempt: 2 })
    manager.emit('refresh_failed', { duration: 10, outcome: 'failed', reason: 'server_unavailable', status: 503 })
    manager.emit('adopted', {})
    manager.emit('waited', { duration: 5 })
    manager.emit('sign_in_failed', { reason: 'state_mismatch' })
    manager.emit('signed_in', { subject: 'ann' })
    manager.emit('token_rejected', { replaced: true })
    manager.emit('token_rejected', { replaced: false, reason: 'revoked' })
    manager.emit('signed_out', { reason: 'signed_out' })
    manager.emit('revoked', { kind: 'refresh_token' })
    manager.emit('revocation_failed', { kind: 'access_token', reason: 'timeout', final: false })
    manager.emit('revocation_failed', { kind: 'access_token', reason: 'timeout', final: true })
    await settled()
    stop()
    manager.emit('adopted', {})
    await settled()

    const found = await all()
    expect(told(found)).toEqual([
      ['session.refreshes', { outcome: 'refreshed' }, 2],
      ['session.refreshes', { outcome: 'failed', reason: 'server_unavailable' }, 1],
      ['session.refreshes', { outcome: 'adopted' }, 1],
      ['session.refresh.duration', { outcome: 'refreshed' }, 2],
      ['session.refresh.duration', { outcome: 'failed' }, 1],
      ['session.refresh.wait', {}, 1],
      ['session.refresh.retries', {}, 1],
      ['session.sign_ins', { outcome: 'failed', reason: 'state_mismatch' }, 1],
      ['session.sign_ins', { outcome: 'signed_in' }, 1],
      ['session.sign_outs', { reason: 'signed_out' }, 1],
      ['session.revocations', { kind: 'refresh_token', outcome: 'revoked' }, 1],
      ['session.revocations', { kind: 'access_token', reason: 'timeout', outcome: 'failed' }, 1],
      ['session.revocations', { kind: 'access_token', reason: 'timeout', outcome: 'given_up' }, 1],
      ['session.rejections', { reason: 'not_said', replaced: true }, 1],
      ['session.rejections', { reason: 'revoked', replaced: false }, 1],
    ])
    expect(JSON.stringify(found)).not.toContain('ann')
  })

  it("counts a client's own tokens", async () => {
    const { meter, all } = exporting()
    const endpoint = tokenEndpoint()
    const options = { ...endpoint.options, clientAuthentication: clientSecretBasic('s') }
    const tokens = createClientCredentials(options, endpoint.platform)
    sessionMetrics(meter, tokens)
    await tokens.getAccessToken()
    endpoint.answer = () => json(400, { error: 'invalid_scope' })
    await tokens.getAccessToken({ scope: 'other' }).catch(() => {})
    await settled()
    expect(told(await all())).toEqual([
      ['client.requests', { outcome: 'obtained', ahead: false }, 1],
      ['client.requests', { outcome: 'failed', reason: 'invalid_scope' }, 1],
      ['client.request.duration', { outcome: 'obtained' }, 1],
      ['client.request.duration', { outcome: 'failed' }, 1],
    ])
  })

  it('ERR-01: tells no secret, no person and no account, of a real session in a pool', async () => {
    const { meter, all } = exporting()
    const word = 'kanarienvogel-'
    const bird = canary(word)
    const w = world({ word })
    const { manager } = w.context({ account: `${word}account` })
    sessionMetrics(meter, manager)
    await w.settle()
    await manager.adopt(w.server.issue())
    await w.after(1_000, manager.refresh())
    await w.after(60_000, manager.signOut())
    const found = await all()
    expect(told(found).map(([name]) => name)).toEqual(
      expect.arrayContaining(['session.refreshes', 'session.sign_outs']),
    )
    bird.see(JSON.stringify(found), 'metrics')
    expect(bird.sightings).toEqual([])
  })

  it('takes all three by type, and the meter and tracer of OpenTelemetry', () => {
    const meter: SessionMeter = metrics.getMeter('app')
    const tracer: TracerLike = trace.getTracer('app')
    const pool = createSessionPool({
      issuer: 'https://as.example',
      clientId: 'web',
      clientAuthentication: clientSecretBasic('s'),
      store: memoryStore(),
    })
    expect(sessionMetrics(meter, pool)).toBeTypeOf('function')
    expect(tracedFetch(tracer, fetch)).toBeTypeOf('function')
    pool.dispose()
  })
})

describe('tracedFetch', () => {
  function tracing() {
    const spans: { name: string; attributes: Record<string, unknown>; status?: number; ended?: true }[] = []
    const active: string[] = []
    const tracer: TracerLike = {
      startActiveSpan(name, { attributes }, run) {
        const span: (typeof spans)[number] = { name, attributes: { ...attributes } }
        spans.push(span)
        active.push(name)
        return run({
          setAttribute: (key, value) => Object.assign(span.attributes, { [key]: value }),
          setStatus: ({ code }) => Object.assign(span, { status: code }),
          end: () => Object.assign(span, { ended: true }),
        })
      },
    }
    return { tracer, spans, active }
  }
  const token = 'https://as.example:8443/token?tenant=1'
  const form = (grantType: string) => ({ method: 'POST', body: `refresh_token=secret&grant_type=${grantType}` })

  it('makes a span of a token request, and of no other', async () => {
    const { tracer, spans } = tracing()
    const sent: unknown[] = []
    const traced = tracedFetch(tracer, async (input, init) => {
      sent.push([input, init])
      return new Response('{}', { status: sent.length === 1 ? 200 : 400 })
    })
    const init = form('refresh_token')
    await traced(token, init)
    await traced(token, form('urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange'))
    for (const other of [undefined, { method: 'POST', body: 'token=secret' }, { method: 'POST', body: new Blob([]) }])
      await traced('https://api.example/?grant_type=x', other)
    expect(spans).toEqual([
      {
        name: 'tokenward.token_request',
        attributes: {
          'tokenward.grant_type': 'refresh_token',
          'http.request.method': 'POST',
          'server.address': 'as.example',
          'http.response.status_code': 200,
        },
        ended: true,
      },
      expect.objectContaining({
        attributes: expect.objectContaining({
          'tokenward.grant_type': 'urn:ietf:params:oauth:grant-type:token-exchange',
          'http.response.status_code': 400,
        }),
        status: 2,
        ended: true,
      }),
    ])
    expect(JSON.stringify(spans)).not.toContain('secret')
    expect(sent[0]).toEqual([token, init])
    expect(sent.length).toBe(5)
  })

  it('ends the span of a request that fails, and hands the failure on', async () => {
    const { tracer, spans } = tracing()
    const failure = new TypeError('Failed to fetch https://as.example/?secret')
    await expect(tracedFetch(tracer, () => Promise.reject(failure))(token, form('x'))).rejects.toBe(failure)
    expect(spans).toEqual([expect.objectContaining({ status: 2, ended: true })])
    expect(spans[0]?.attributes).toMatchObject({ 'error.type': 'TypeError' })
    expect(JSON.stringify(spans)).not.toContain('secret')
  })

  it('adds what is injected, inside the span', async () => {
    const { tracer, active } = tracing()
    let headers = new Headers()
    const send = async (_: unknown, init?: RequestInit) => {
      headers = new Headers(init?.headers)
      return new Response('{}')
    }
    const inject = (carrier: Record<string, string>) => {
      carrier.traceparent = `00-${active.length}`
    }
    await tracedFetch(tracer, send, { inject })(token, { ...form('x'), headers: { accept: 'application/json' } })
    expect([...headers]).toEqual([
      ['accept', 'application/json'],
      ['traceparent', '00-1'],
    ])
  })

  it('sees the requests of a real session', async () => {
    const { tracer, spans } = tracing()
    const w = world()
    const { manager } = w.context({ fetch: tracedFetch(tracer, w.server.fetch) })
    await w.settle()
    await manager.adopt(w.server.issue())
    await w.after(1_000, manager.refresh())
    expect(spans.map(({ attributes }) => attributes['tokenward.grant_type'])).toEqual(['refresh_token'])
  })
})
