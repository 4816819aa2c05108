/** The body of a request that may have to be sent again. */
export interface RequestBody {
  /** The body for the second request. `undefined` if the body cannot be sent again. */
  replay(): NonNullable<RequestInit['body']> | undefined
  /** Frees the copy. Called when the answer is final. */
  drop?(): void
}

/** The largest body of a `Request` that is copied to be sent again, in bytes. A larger one is sent only once. */
const KEPT_BODY_BYTES = 2 ** 20

/**
 * The body that `fetch(request, init)` would send. `undefined` if there is none. Texts, forms, blobs and buffers are sent again from the
 * caller's own object. Streams and async iterables are never sent again. The body of a `Request` is copied while it is sent, up to
 * {@link KEPT_BODY_BYTES}. There is no such bound where `Request.body` does not exist (Firefox, React Native).
 */
export function requestBody(request: Request | undefined, init: RequestInit | undefined): RequestBody | undefined {
  const body = init?.body
  if (body != null) {
    const once = typeof body === 'object' && ('getReader' in body || 'pipe' in body || Symbol.asyncIterator in body)
    return { replay: () => (once ? undefined : body) }
  }

  if (!request || /^(GET|HEAD)$/.test(request.method)) return
  if (request.body === null) return
  // The body was already read. The platform's fetch throws the right error for that.
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
  // A body that is not complete when the answer arrives cannot be sent again. Nobody waits for its end, which may never come.
  return { replay: () => kept, drop }
}
