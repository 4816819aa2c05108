import { Redis } from 'ioredis'
import { allowInsecureLoopback, clientSecretBasic, createBff, environmentKey, nextBff } from 'tokenward/bff'

export const handlers = nextBff(() => {
  const { ISSUER = '', SITE = '', API = '', CLIENT_SECRET = '', REDIS_PORT = '' } = process.env
  return createBff({
    issuer: ISSUER,
    clientId: 'web',
    clientAuthentication: clientSecretBasic(CLIENT_SECRET),
    redirectUri: `${SITE}/auth/callback`,
    scope: 'openid offline_access notes',
    api: { '/api/notes': API },
    redis: { client: new Redis(Number(REDIS_PORT)), key: environmentKey('SEALING_KEY') },
    [allowInsecureLoopback]: true,
  })
})
