// exec and attach over SPDY/3.1: the client opens one stream for each of error, stdin, stdout, stderr and resize.
import { SpdyConnection, type SpdyStream } from './spdy.ts'
import type { Duplex } from 'node:stream'
import { CLOSING_TIMEOUT_MS, type SessionStreams, type StreamRequest } from './contract.ts'
import { terminalSizes } from './terminal-sizes.ts'

export const SPDY_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const
const CREATION_TIMEOUT_MS = 30_000

/** @throws Error when the client does not open its streams in time */
export async function spdyStreams(transport: Duplex, request: StreamRequest): Promise<SessionStreams> {
  const wanted = new Set(['error'])
  if (request.stdin) wanted.add('stdin')
  if (request.stdout) wanted.add('stdout')
  if (request.stderr && !request.tty) wanted.add('stderr')
  if (request.tty) wanted.add('resize')
  const streams = new Map<string, SpdyStream>()
  let complete: () => void = () => undefined
  const all = new Promise<void>(resolve => (complete = resolve))
  const connection = new SpdyConnection(transport, stream => {
    streams.set(stream.headers.get('streamtype') ?? '', stream)
    if ([...wanted].every(type => streams.has(type))) complete()
  })
  void connection.run()
  const timer = setTimeout(() => connection.close(), CREATION_TIMEOUT_MS)
  const gone = new Promise<never>((_resolve, reject) =>
    connection.closed.addEventListener('abort', () => reject(new Error('the client opened no streams')), {
      once: true,
    }),
  )
  gone.catch(() => undefined) // after all streams are there, the session watches `closed` itself
  await Promise.race([all, gone]).finally(() => clearTimeout(timer))
  // Only what was asked for is written to; an unasked stderr of a terminal is never opened.
  const [error, resize] = [streams.get('error'), streams.get('resize')]
  const sizesIn = terminalSizes()
  return {
    stdin: streams.get('stdin'),
    stdout: streams.get('stdout'),
    stderr: request.tty ? undefined : streams.get('stderr'),
    onResize: listener => resize?.on('data', (bytes: Buffer) => sizesIn(bytes).forEach(listener)),
    async finish(status) {
      for (const type of ['stdout', 'stderr']) await ended(streams.get(type))
      error?.write(JSON.stringify(status))
      await ended(error)
      connection.end(CLOSING_TIMEOUT_MS)
    },
    closed: connection.closed,
  }
}

const ended = (stream: SpdyStream | undefined): Promise<void> =>
  stream && !stream.destroyed ? new Promise(resolve => stream.end(() => resolve())) : Promise.resolve()
