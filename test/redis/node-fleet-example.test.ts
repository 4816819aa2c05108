import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { startMisbehavingServer } from '../support/misbehaving-server.ts'
import { childProgram } from '../support/processes/child-program.ts'
import { startRedis } from '../support/redis-server.ts'

it('the example of a fleet: four processes, one request at the authorization server', async () => {
  const [redis, server] = await Promise.all([startRedis(), startMisbehavingServer()])
  try {
    const { accessToken, refreshToken } = server.issue()
    const start = await childProgram('examples/node-fleet.ts')
    const { code, output, errors } = await start({
      env: {
        REDIS_URL: redis.url,
        SEALING_KEY: randomBytes(32).toString('base64'),
        ISSUER: server.issuer,
        API: server.api,
        ACCESS_TOKEN: accessToken,
        REFRESH_TOKEN: refreshToken,
      },
    }).ended
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    const lines = output.trim().split('\n').toSorted()
    expect(lines).toEqual([1, 2, 3, 4].map((id) => `process ${id}: 10 of 10 calls answered`))
    expect(server.requests).toHaveLength(1)
    expect(server.reuse).toBe(0)
  } finally {
    await Promise.all([redis.stop(), server.stop()])
  }
})
