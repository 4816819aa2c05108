import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'

/** What a server answered. */
export interface RawAnswer {
  readonly status: number
  readonly fields: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** How a request is sent: nothing is added to it and nothing is tidied up. */
export interface RawRequest {
  readonly method?: string
  /** As it stands in the request line. */
  readonly path: string
  /** Names and values in turn; a name may come twice. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
  readonly body?: string
}

/** Sends exactly `request` to the server at `origin`. */
export function sendRaw(origin: string, { method = 'GET', path, fields = [], body }: RawRequest): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(origin)
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { hostname, port, method, path, headers: ['host', host, ...fields.flat()], setHost: false, agent: false },
      async (answer) => {
        const chunks: Buffer[] = []
        for await (const chunk of answer) chunks.push(chunk as Buffer)
        resolve({
          status: answer.statusCode ?? 0,
          fields: answer.headers,
          body: Buffer.concat(chunks).toString(),
        })
      },
    )
    sent.once('error', reject)
    sent.end(body)
  })
}

/** Sends `text` byte for byte, and gives the statuses of all answers until the server closes. */
export function sendBytes(origin: string, text: string): Promise<readonly number[]> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve) => {
    let answered = ''
    const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'))
    socket.on('data', (chunk) => {
      answered += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.once('close', () =>
      resolve([...answered.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))),
    )
  })
}
