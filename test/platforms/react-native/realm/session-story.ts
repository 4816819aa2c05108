import { dpop, p256Signing, pushedAuthorizationRequests } from 'tokenward/react-native'
import { realm } from './realm.ts'
import { FILES, metadata, NOTES } from './servers.ts'
import type { AppParts, Stage } from './stage.ts'

const REFUSED = { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' }, body: '' }

/** What an app does with its session. */
export const sessionSteps = {
  async 'sign-in'({ app }: Stage) {
    const manager = app({ scope: 'openid notes' })
    const state = await manager.signIn()
    return state.status === 'signedIn' && state.session.claims
  },

  async 'pushed authorization request'({ app }: Stage) {
    return (await app({ metadata, pushedAuthorizationRequests: pushedAuthorizationRequests() }).signIn()).status
  },

  async restart({ signedIn, app }: Stage) {
    const first = await signedIn()
    const token = await first.getAccessToken()
    first.dispose()

    const second = app({ metadata })
    const { status } = await second.ready()
    return { status, isSame: (await second.getAccessToken()).value === token.value }
  },

  async 'refresh and rotation'({ signedIn }: Stage) {
    const { time } = realm()
    const manager = await signedIn()
    const first = await Promise.all([manager.getAccessToken(), manager.getAccessToken()])
    await time.pass(301_000)
    const second = await manager.getAccessToken()
    return [...first, second].map(({ value }) => value)
  },

  async '401, then JSON again'({ signedIn, server }: Stage) {
    const manager = await signedIn()
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const headers = { 'content-type': 'application/json' }
    const response = await manager.fetch(`${NOTES}notes`, { method: 'POST', body: '{"a":"ü"}', headers })
    return { status: response.status, saw: await response.json() }
  },

  async '401, then FormData with a file again'({ signedIn, server }: Stage, { fileFetch }: AppParts) {
    const manager = await signedIn({ fetch: fileFetch })
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const form = new FormData()
    form.append('text', 'hello')
    form.append('photo', { uri: 'file:///a.jpg', name: 'a.jpg', type: 'image/jpeg' } as unknown as Blob)
    const response = await manager.fetch(`${NOTES}photos`, { method: 'POST', body: form })
    return response.status
  },

  async '401, then a Blob again'({ signedIn, server }: Stage) {
    const manager = await signedIn()
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const body = new Blob(['some', 'text'], { type: 'text/plain' })
    return (await manager.fetch(`${NOTES}notes`, { method: 'PUT', body })).status
  },

  async '401, then a Request again'({ signedIn, server }: Stage) {
    const manager = await signedIn()
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const headers = { 'content-type': 'application/json' }
    const request = new Request(`${NOTES}notes`, { method: 'POST', body: '{"a":1}', headers })
    return (await manager.fetch(request)).status
  },

  async '401, then a Request with a form again'({ signedIn, server }: Stage) {
    const manager = await signedIn()
    await manager.getAccessToken()
    server.apiAnswers.push(REFUSED)
    const form = new FormData()
    form.append('text', 'hello')
    return (await manager.fetch(new Request(`${NOTES}photos`, { method: 'POST', body: form }))).status
  },

  async 'several resources'({ signedIn }: Stage) {
    const places = [NOTES, FILES].map((url) => ({ url, resource: url }))
    const manager = await signedIn({ resources: places })
    const responses = [await manager.fetch(`${NOTES}notes`), await manager.fetch(new URL(`${FILES}a.txt`))]
    return Promise.all(responses.map((response) => response.json()))
  },

  async 'a URL that only looks like the API'({ signedIn }: Stage) {
    const manager = await signedIn()
    return manager.fetch('https://evil.example/@api.example.com/notes')
  },

  async 'an answer from elsewhere'({ signedIn, server }: Stage) {
    const { phone } = realm()
    const manager = await signedIn()
    phone.network = (request) => ({ ...server.answer(request), url: 'https://elsewhere.example/token' })
    const failure = await manager.getAccessToken().catch(({ code, reason }) => ({ code, reason }))
    return { failure, status: manager.state.status }
  },

  async 'a caller that stops waiting'({ signedIn }: Stage) {
    const { phone, time } = realm()
    const manager = await signedIn()
    phone.network = () => new Promise(() => {})
    const controller = new AbortController()
    const waiting = manager.getAccessToken({ signal: controller.signal })
    const failure = waiting.catch((error) => ({ name: error?.name }))
    await time.pass(10)
    controller.abort()
    return failure
  },

  async 'sign-out'({ signedIn }: Stage) {
    const manager = await signedIn()
    await manager.getAccessToken()
    const { local, revoked } = await manager.signOut()
    return { local, revoked: await revoked, status: manager.state.status }
  },

  async 'sign-out without a network'({ signedIn, server }: Stage) {
    const { phone, time } = realm()
    const manager = await signedIn()
    await manager.getAccessToken()
    phone.network = () => Promise.reject(new Error('The Internet connection appears to be offline.'))
    const { local } = await manager.signOut()
    const offline = phone.handed.length
    await time.pass(1_000)

    phone.network = server.answer
    await time.pass(600_000)
    return { local, status: manager.state.status, isTried: phone.handed.length > offline }
  },

  async 'DPoP without a signer'({ app }: Stage) {
    return (await app({ metadata, dpop: dpop({ required: true }) }).signIn()).status
  },

  async DPoP({ app }: Stage, { parts, p256 }: AppParts) {
    const signing = p256Signing(p256, parts().randomBytes)
    const manager = app({ metadata, dpop: dpop({ required: true, signing }) })
    await manager.signIn()
    const response = await manager.fetch(`${NOTES}notes?a=1`)
    return { status: response.status, saw: await response.json() }
  },
}
