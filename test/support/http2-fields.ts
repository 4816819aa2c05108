/** Numbers as HPACK has them, behind seven bits (RFC 7541 §5.1). */
function integer(value: number): number[] {
  if (value < 127) return [value]
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128)
  return [...bytes, rest]
}

const text = (value: string) => [...integer(value.length), ...Buffer.from(value, 'latin1')]

function frame(type: number, flags: number, stream: number, payload: readonly number[]): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, Buffer.from(payload)])
}

/**
 * What a client of HTTP/2 without TLS sends for one GET (RFC 9113 §3.4, §6.2), written by hand: Node's own client refuses to send a field
 * twice.
 */
export function http2Get(path: string, fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const all = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'localhost'],
    [':path', path],
    ...fields,
  ] as const
  const literals = all.flatMap(([name, value]) => [0, ...text(name), ...text(value)])
  return Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, []), frame(1, 5, 1, literals)])
}
