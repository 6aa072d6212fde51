// WebSockets that the window cannot open itself (its scheme knows none, and the CA must be pinned): exec and the like.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import type { StreamEvents } from '../../preload/channels.ts'
import { type AccessSource, openWebSocket } from './clusters/access.ts'

export interface StreamBridge {
  /** @param path path and query; only container streams are opened. @returns the stream's id */
  open(path: string, protocols: readonly string[]): Promise<string>
  /** Resolves when the data is out, so that a sender of much keeps pace. */
  send(id: string, data: Uint8Array): Promise<void>
  close(id: string): void
  closeAll(): void
}

/** `exec` and `attach` of a pod, nothing else. */
const ALLOWED = /^\/api\/v1\/namespaces\/[^/?#]+\/pods\/[^/?#]+\/(exec|attach)\?/
const MAX_STREAMS = 64
/** Characters of why a stream was not opened. */
const MOST_REFUSAL = 4_000

/** What the server says instead of opening the stream: a Status, or a line of text. */
async function refusalIn(answer: IncomingMessage): Promise<string> {
  let body = ''
  try {
    for await (const chunk of answer.setEncoding('utf8')) if ((body += chunk).length > MOST_REFUSAL) break
  } catch {
    // It broke off: what came is told.
  }
  return statusMessage(body) ?? (body.trim().slice(0, MOST_REFUSAL) || `the server answered ${answer.statusCode ?? 0}`)
}
function statusMessage(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return typeof message === 'string' && message ? message : undefined
  } catch {
    return undefined
  }
}

export function createStreamBridge(source: AccessSource, emit: (event: StreamEvents) => void): StreamBridge {
  const sockets = new Map<string, WebSocket>()
  return {
    async open(path, protocols) {
      if (!ALLOWED.test(path)) throw new Error('only exec and attach are opened here')
      if (sockets.size >= MAX_STREAMS) throw new Error('too many terminals are open')
      const id = randomUUID()
      const socket = await openWebSocket(source, path, protocols)
      socket.binaryType = 'nodebuffer'
      sockets.set(id, socket)
      let failure = ''
      socket.on('open', () => emit({ id, event: { type: 'open', protocol: socket.protocol } }))
      socket.on('message', (data: Buffer) => emit({ id, event: { type: 'message', data: new Uint8Array(data) } }))
      socket.on('error', error => (failure ||= error.message))
      socket.on('unexpected-response', (_request, answer) => {
        void refusalIn(answer).then(refusal => {
          failure = refusal
          socket.terminate()
        })
      })
      socket.on('close', (code, reason) => {
        sockets.delete(id)
        emit({ id, event: { type: 'close', code, reason: reason.toString() || failure } })
      })
      return id
    },
    async send(id, data) {
      const socket = sockets.get(id)
      // A stream that ends meanwhile tells so itself.
      if (socket?.readyState === WebSocket.OPEN) await new Promise<void>(resolve => socket.send(data, () => resolve()))
    },
    close: id => sockets.get(id)?.close(1000),
    closeAll() {
      for (const socket of sockets.values()) socket.terminate()
    },
  }
}
