// A website's backend as others make it, for `npm run bff`: express-openid-connect keeps the tokens in an encrypted cookie, and http-proxy-middleware sends calls on.
import express from 'express'
import openid from 'express-openid-connect'
import { createProxyMiddleware } from 'http-proxy-middleware'

const { ISSUER, SITE, API, CLIENT_SECRET } = process.env

const app = express()
app.use(
  openid.auth({
    issuerBaseURL: ISSUER,
    baseURL: SITE,
    clientID: 'web',
    clientSecret: CLIENT_SECRET,
    secret: CLIENT_SECRET,
    authRequired: false,
    idTokenSigningAlg: 'ES256',
    authorizationParams: { response_type: 'code', scope: 'openid notes' },
  }),
)
app.use('/api', openid.requiresAuth(), async (request, _, next) => {
  const { accessToken } = request.oidc
  const { access_token: token } = accessToken.isExpired() ? await accessToken.refresh() : accessToken
  request.headers.authorization = `Bearer ${token}`
  delete request.headers.cookie
  next()
})
app.use('/api', createProxyMiddleware({ target: API }))
const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }))
process.once('disconnect', () => process.exit())
