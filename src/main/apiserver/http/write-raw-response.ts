// An answer to an upgrade request that was not taken over: plain HTTP/1.1 on the socket, which then closes.
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ApiResponse } from '../request.ts'
import { partsOf, piecesOf } from './frame-bytes.ts'
import { drained } from './write-response.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

export async function writeRawResponse(
  socket: Duplex,
  answer: Exclude<ApiResponse, { readonly hijacked: true }>,
  signal: AbortSignal,
): Promise<void> {
  const type = ('contentType' in answer ? answer.contentType : undefined) ?? 'application/json'
  const head = [
    `HTTP/1.1 ${answer.code} ${STATUS_CODES[answer.code] ?? 'Unknown'}`,
    `Content-Type: ${type}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    ...Object.entries(answer.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ]
  if ('stream' in answer || 'frames' in answer) {
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    if ('stream' in answer)
      for await (const chunk of answer.stream) {
        if (signal.aborted) break
        if (!socket.write(chunk)) await drained(socket, signal)
      }
    else
      for await (const batch of answer.frames) {
        if (signal.aborted) break
        for (const piece of piecesOf(batch, 'line'))
          for (const part of partsOf(piece)) if (!socket.write(part)) await drained(socket, signal)
      }
    socket.end()
    return
  }
  const body =
    'bytes' in answer
      ? Buffer.isBuffer(answer.bytes)
        ? answer.bytes
        : Buffer.concat(answer.bytes)
      : Buffer.from(encodeJson(answer.object))
  socket.write(`${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n`)
  socket.end(body)
}
