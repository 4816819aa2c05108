import { expect, it } from 'vitest'
import { corsHeaders, preflight } from '../../src/resource-server/preflight.ts'

it('every answer says that it depends on the origin, also the one for an origin that may not call', () => {
  const options = { origins: ['https://app.example'] }
  for (const origin of ['https://app.example', 'https://evil.example', null]) {
    expect(corsHeaders(origin, options).vary).toBe('Origin')
    expect(corsHeaders(origin, { origins: '*' }).vary).toBe('Origin')
    const headers: Record<string, string> = { 'access-control-request-method': 'GET' }
    if (origin !== null) headers.origin = origin
    const answer = preflight(new Request('https://api.example/', { method: 'OPTIONS', headers }), options)
    expect(answer?.headers.get('vary')).toBe('Origin')
    expect(answer?.headers.get('access-control-allow-origin')).toBe(origin === 'https://app.example' ? origin : null)
  }
})
