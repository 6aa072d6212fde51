// Watches and logs over WebSocket: an event or a chunk is a message. For browsers and clients that have no streams.
// @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { ApiResponse } from '../request.ts'
import { PROTOBUF_TYPE } from '../codec/media-type.ts'
import { messagesOf as messagesInProtobuf, partsOf } from './frame-bytes.ts'

/** Bytes as they are, or as base64 text. */
const BINARY = 'binary.k8s.io'
const BASE64 = 'base64.binary.k8s.io'
/** Clients have nothing to say here. */
const MAX_MESSAGE_BYTES = 4096

type Streamed = Extract<ApiResponse, { readonly stream: unknown } | { readonly frames: unknown }>

const server = new WebSocketServer({
  noServer: true,
  maxPayload: MAX_MESSAGE_BYTES,
  handleProtocols: offered => [BINARY, BASE64].find(protocol => offered.has(protocol)) ?? false,
})

/** Whether this answer goes to a client that asked for a WebSocket. */
export const isForWebSocket = (incoming: IncomingMessage, answer: ApiResponse): answer is Streamed =>
  incoming.headers.upgrade?.toLowerCase() === 'websocket' &&
  answer.code === 200 &&
  ('stream' in answer || 'frames' in answer)

export async function writeWebSocket(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  answer: Streamed,
  signal: AbortSignal,
): Promise<void> {
  const client = await new Promise<WebSocket>((resolve, reject) => {
    socket.once('close', () => reject(new Error('the client went away')))
    server.handleUpgrade(incoming, socket, head, resolve)
  })
  client.on('error', () => client.terminate())
  for await (const message of messagesOf(answer)) {
    if (signal.aborted || client.readyState !== client.OPEN) break
    await send(client, message)
  }
  client.close(1000)
}

/** Of a message of protobuf, which a message of the WebSocket has no need of. */
const LENGTH_BYTES = 4

/** A watch's lines are text, whatever else is bytes. */
async function* messagesOf(answer: Streamed): AsyncGenerator<{ readonly bytes: Buffer; readonly isText: boolean }> {
  if ('stream' in answer) for await (const chunk of answer.stream) yield { bytes: Buffer.from(chunk), isText: false }
  else {
    const isText = answer.contentType !== PROTOBUF_TYPE
    for await (const frames of answer.frames)
      for (const { line } of isText ? frames : await messagesInProtobuf(frames))
        yield { bytes: isText ? line : line.subarray(LENGTH_BYTES), isText }
  }
}

async function send(client: WebSocket, { bytes, isText }: { bytes: Buffer; isText: boolean }): Promise<void> {
  if (client.protocol === BASE64 && !isText) return sendPart(client, bytes.toString('base64'), false, true)
  const parts = partsOf(bytes)
  for (const [at, part] of parts.entries()) await sendPart(client, part, !isText, at === parts.length - 1)
}

/** A failed write closes the connection, which ends the loop. */
const sendPart = (client: WebSocket, part: Buffer | string, binary: boolean, fin: boolean): Promise<void> =>
  new Promise(resolve => client.send(part, { binary, fin }, () => resolve()))
