import { Refused } from './refusal.ts'

/** The longest body that is read before it is sent, in bytes. Such a body can be sent again with a new token. */
const KEPT = 65_536

/** The body of a page's request, as it is sent to an API. */
export interface SentBody {
  /** `null` if the request has no body. */
  readonly content: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null
  /** Whether the body can be sent only once. */
  readonly isStreamed: boolean
  /** Whether more bytes have come than are allowed. */
  readonly tooLarge: () => boolean
  /** Makes `listener` be called for every part that is sent. */
  readonly onPart: (listener: () => void) => void
}

/** The members of a body that is not streamed. */
const AT_REST = { isStreamed: false, tooLarge: () => false, onPart() {} }

/**
 * Makes the body for the API. A short one is read into memory, a longer one is streamed.
 * @throws Refused 413 if `Content-Length` is more than `limit`
 */
export async function sentBody({ body, headers }: Request, limit: number): Promise<SentBody> {
  if (!body) return { content: null, ...AT_REST }

  const announced = announcedLength(headers)
  if (announced !== undefined && announced > limit) throw tooLarge(limit)
  if (announced !== undefined && announced <= KEPT) return { content: await wholeOf(body, announced), ...AT_REST }

  const { through, ...counted } = counting(limit)
  return { content: body.pipeThrough(through), isStreamed: true, ...counted }
}

/** The refusal of a body of more than `limit` bytes. */
export function tooLarge(limit: number): Refused {
  return new Refused(413, 'body_too_large', `The body has more than ${limit} bytes`)
}

/** Whether `Content-Length` says that the body is short, so that all of it comes in a moment. */
export function isShort(headers: Headers): boolean {
  const length = headers.get('content-length')
  return length !== null && Number(length) <= KEPT
}

function announcedLength(headers: Headers): number | undefined {
  const field = headers.get('content-length')
  if (field === null) return undefined
  if (/^\d{1,15}$/.test(field)) return Number(field)

  throw new Refused(400, 'invalid_request', 'Content-Length has to be one number')
}

async function wholeOf(body: ReadableStream<Uint8Array>, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(length)
  let filled = 0

  for await (const chunk of body) {
    if (filled + chunk.byteLength > length) throw lengthDiffers()

    whole.set(chunk, filled)
    filled += chunk.byteLength
  }

  if (filled < length) throw lengthDiffers()
  return whole
}

function lengthDiffers(): Refused {
  return new Refused(400, 'invalid_request', 'The body has another length than Content-Length says')
}

function counting(limit: number) {
  let size = 0
  let tell = () => {}

  const through = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength
      tell()
      if (size > limit) controller.error(tooLarge(limit))
      else controller.enqueue(chunk)
    },
  })

  return {
    through,
    tooLarge: () => size > limit,
    onPart(listener: () => void) {
      tell = listener
    },
  }
}
