/** The body of a request that may have to be sent again. */
export interface RequestBody {
  /** What to send the second time, or `undefined` when it can be read only once. */
  replay(): NonNullable<RequestInit['body']> | undefined
  /** The answer is final: stops keeping a copy. */
  drop?(): void
}

/** How much of a `Request`'s body is kept for sending it again, bytes. A larger one is sent once. */
const KEPT_BODY_BYTES = 2 ** 20

/**
 * The body that `fetch(request, init)` would send; `undefined` when there is none. Strings, forms, blobs and buffers are sent
 * again from the caller's own object; streams and async iterables never. Of the body of a `Request` a copy is read while it
 * is sent, up to {@link KEPT_BODY_BYTES}; where `Request.body` does not exist (Firefox, React Native) without that bound.
 */
export function requestBody(request: Request | undefined, init: RequestInit | undefined): RequestBody | undefined {
  const body = init?.body
  if (body != null) {
    const once = typeof body === 'object' && ('getReader' in body || 'pipe' in body || Symbol.asyncIterator in body)
    return { replay: () => (once ? undefined : body) }
  }
  if (!request || /^(GET|HEAD)$/.test(request.method)) return
  if (request.body === null) return
  // A used body is for fetch itself to complain about.
  if (request.bodyUsed || request.body?.locked) return
  const copy = request.clone()
  const reader = copy.body?.getReader()
  let kept: Blob | undefined
  let dropped = false
  const drop = () => {
    dropped = true
    reader?.cancel().catch(() => {})
  }
  const keep = async () => {
    if (!reader) return copy.blob()
    const chunks: Uint8Array<ArrayBuffer>[] = []
    for (let size = 0; size <= KEPT_BODY_BYTES; ) {
      const { done, value } = await reader.read()
      if (done) return dropped ? undefined : new Blob(chunks)
      chunks.push(value)
      size += value.byteLength
    }
    return drop()
  }
  keep().then((blob) => {
    kept = blob || undefined
  }, drop)
  // A body still being produced when the answer is there cannot be sent again: waiting for its end could last for ever.
  return { replay: () => kept, drop }
}
