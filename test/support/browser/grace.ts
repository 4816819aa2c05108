import { text } from 'node:stream/consumers'
import { startLoopbackServer } from '../../../examples/demo/loopback-server.ts'

/**
 * A token endpoint before that of `issuer` that has grace: a refresh token that comes a second time gets the answer of the
 * first time again.
 */
export async function startGrace(issuer: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const answers = new Map<string, Promise<{ readonly status: number; readonly body: string }>>()

  const ask = async (form: string, origin: string) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin }
    const response = await fetch(`${issuer}/token`, { method: 'POST', headers, body: form })
    return { status: response.status, body: await response.text() }
  }

  const server = await startLoopbackServer(async (req, res) => {
    const form = await text(req)
    const { origin = '' } = req.headers
    const token = new URLSearchParams(form).get('refresh_token')
    const answer = (token && answers.get(token)) || ask(form, origin)
    if (token) answers.set(token, answer)
    const { status, body } = await answer
    res.writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': origin })
    res.end(body)
  })
  return { url: `${server.origin}/token`, stop: () => server.refuse() }
}
