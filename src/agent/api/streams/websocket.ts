// exec and attach over WebSocket: one byte of channel number, then the bytes.
// @see https://kubernetes.io/docs/reference/using-api/websockets/ and KEP-4006
import { type Duplex, PassThrough } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { SessionStreams, StreamRequest, TerminalSize } from './contract.ts'
import { terminalSizes } from './terminal-sizes.ts'
import { WebSocketChannels } from './websocket-channels.ts'

/** Best first. */
export const STREAM_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'v3.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const

/** Before v4 the error channel tells a failure in plain text, and a success by silence. */
const tellsStatus = (protocol: string) => /^v[345]\./.test(protocol)

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const ERROR = 3
const RESIZE = 4
/** v5: the next byte names a channel that its sender has closed. */
const CLOSE = 255
const NORMAL_CLOSURE = 1000
const V5 = 'v5.channel.k8s.io'
const PING_EVERY_MS = 20_000
/** For clients that answer no pings. */
const LISTENING_TIMEOUT_MS = 1_000

/**
 * Resolves once the client of v5 reads what comes. On a machine that is busy, kubectl up to 1.33 takes its time from the
 * upgrade to that, and then throws away what came in between: a short command would seem to have printed nothing.
 */
const listens = (socket: WebSocket, clock: Clock): Promise<void> =>
  new Promise(resolve => {
    const cancelTimeout = clock.after(LISTENING_TIMEOUT_MS, resolve)
    for (const event of ['pong', 'message', 'close'])
      socket.once(event, () => {
        cancelTimeout()
        resolve()
      })
    socket.ping()
  })

/** @param transport what carries it */
export async function websocketStreams(
  socket: WebSocket,
  transport: Duplex,
  request: StreamRequest,
  clock: Clock,
): Promise<SessionStreams> {
  const closed = new AbortController()
  const stdin = request.stdin ? new PassThrough() : undefined
  let first: TerminalSize | undefined
  const sizesIn = terminalSizes()
  let resized: (size: TerminalSize) => void = size => void (first = size)

  const channels = new WebSocketChannels(socket)
  channels.onFrame((channel, bytes) => {
    if (channel === STDIN && stdin) channels.feed(stdin, bytes)
    else if (channel === RESIZE) sizesIn(bytes).forEach(size => resized(size))
    else if (channel === CLOSE && bytes[0] === STDIN) stdin?.end()
  })
  const ping = setInterval(() => socket.ping(), PING_EVERY_MS)
  ping.unref()
  socket.on('close', () => {
    clearInterval(ping)
    stdin?.end()
    closed.abort(new Error('the client went away'))
  })
  socket.on('error', () => socket.terminate())
  // An empty frame on the first channel that is written to tells that the session is open.
  void channels.send(request.stdout ? STDOUT : request.stderr ? STDERR : ERROR, Buffer.alloc(0))
  if (socket.protocol === V5) await listens(socket, clock)

  return {
    stdin,
    stdout: request.stdout ? channels.output(STDOUT) : undefined,
    stderr: request.stderr && !request.tty ? channels.output(STDERR) : undefined,
    onResize(listener) {
      resized = listener
      if (first) listener(first)
    },
    async finish(status) {
      if (tellsStatus(socket.protocol)) await channels.send(ERROR, Buffer.from(JSON.stringify(status)))
      else if (status.status === 'Failure') await channels.send(ERROR, Buffer.from(status.message ?? ''))
      socket.close(NORMAL_CLOSURE)
      // Python's client looks at what it has only when something comes: the end of the connection.
      transport.end()
    },
    closed: closed.signal,
  }
}
