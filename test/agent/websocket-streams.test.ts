// Sessions of exec and attach over WebSocket: when they begin, and that nothing is missing at their end.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type AddressInfo, connect as connectTo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { SessionStreams } from '../../src/agent/api/streams/contract.ts'
import { runSession } from '../../src/agent/api/streams/run.ts'
import { WebSocketChannels } from '../../src/agent/api/streams/websocket-channels.ts'
import { websocketStreams } from '../../src/agent/api/streams/websocket.ts'
import { ManualClock } from '../support/manual-clock.ts'

const ended: (() => void)[] = []
afterEach(() => ended.splice(0).forEach(end => end()))

/** Both ends of a connection; the client answers pings when it is told to, unless it does by itself. */
async function connect(autoPong: boolean, wanted = { stdout: true, stderr: true }) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const accepted = once(server, 'connection') as Promise<[WebSocket, IncomingMessage]>
  const client = new WebSocket(`ws://127.0.0.1:${port}`, 'v5.channel.k8s.io', { autoPong })
  ended.push(
    () => client.terminate(),
    () => server.close(),
  )
  const messages: Buffer[] = []
  client.on('message', (data: Buffer) => messages.push(data))
  const clock = new ManualClock()
  const pinged = once(client, 'ping')
  const [socket, { socket: transport }] = await accepted
  const session = websocketStreams(socket, transport, { stdin: false, tty: false, ...wanted }, clock)
  return { client, messages, clock, pinged, session }
}
const isOpen = async (session: Promise<SessionStreams>) =>
  Promise.race([session.then(() => true), new Promise(resolve => setImmediate(resolve, false))])

it.each([
  ['stdout', { stdout: true, stderr: true }, 1],
  ['stderr', { stdout: false, stderr: true }, 2],
  ['the outcome', { stdout: false, stderr: false }, 3],
])(
  'tells that it is open by one empty frame, of %s where nothing before it is wanted',
  async (_what, wanted, channel) => {
    const { client, messages, session } = await connect(true, wanted)
    const streams = await session
    await streams.finish({ status: 'Success' })
    await once(client, 'close')
    expect(messages.map(message => [message[0], message.length > 1])).toEqual([
      [channel, false],
      [3, true],
    ])
  },
)

it('begins when its client answers a ping: before that, kubectl may throw away what comes', async () => {
  const { client, pinged, session } = await connect(false)
  await pinged
  expect(await isOpen(session)).toBe(false)
  client.pong()
  await session
})

it('begins when its client says something', async () => {
  const { client, pinged, session } = await connect(false)
  await pinged
  client.send(Buffer.from([4, ...Buffer.from('{}')]))
  await session
})

it('begins after a second for a client that does neither', async () => {
  const { clock, pinged, session } = await connect(false)
  await pinged
  await clock.advance(999)
  expect(await isOpen(session)).toBe(false)
  await clock.advance(1)
  await session
})

it('does not ask a client of an older protocol, and ends its connection without waiting for its word', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'v4.channel.k8s.io' })
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[WebSocket, IncomingMessage]>
  const client = connectTo((server.address() as AddressInfo).port, '127.0.0.1')
  ended.push(
    () => client.destroy(),
    () => server.close(),
  )
  const key = Buffer.alloc(16).toString('base64')
  client.write(
    `GET / HTTP/1.1\r\nHost: pod\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
  )
  const [socket, { socket: transport }] = await accepted
  const request = { stdin: false, stdout: true, stderr: false, tty: false }
  const streams = await websocketStreams(socket, transport, request, new ManualClock())
  await streams.finish({ status: 'Success' })
  client.resume()
  await once(client, 'end')
})

it('sends the outcome after all output, also to a client that reads slowly', async () => {
  const { client, messages, session } = await connect(true)
  const streams = await session
  client.pause()
  const output = Array.from({ length: 20_000 }, () => Buffer.alloc(1000))
  const running = runSession(
    streams,
    () =>
      Promise.resolve({
        stdin: new PassThrough(),
        stdout: Readable.from(output),
        stderr: Readable.from([Buffer.from('err')]),
        resize: () => Promise.resolve(),
        close: () => undefined,
      }),
    true,
  )
  client.resume()
  await running
  await once(client, 'close')
  const channels = messages.map(message => message[0])
  expect(channels.indexOf(3)).toBe(messages.length - 1)
  const sizeOf = (channel: number) =>
    messages.filter(message => message[0] === channel).reduce((sum, message) => sum + message.length - 1, 0)
  expect(sizeOf(1)).toBe(20_000 * 1000)
  expect(sizeOf(2)).toBe(3)
})

it('takes nothing more while one channel is full, also where others are read', async () => {
  const calls: string[] = []
  const socket = { protocol: '', pause: () => calls.push('pause'), resume: () => calls.push('resume') }
  const channels = new WebSocketChannels(socket as unknown as WebSocket)
  const [unread, read] = [new PassThrough(), new PassThrough()]
  const part = Buffer.alloc(64 * 1024)
  for (const input of [unread, read, unread]) channels.feed(input, part)
  read.resume()
  await once(read, 'drain')
  expect(calls).not.toContain('resume')
  unread.resume()
  await once(unread, 'drain')
  expect(calls.filter(call => call === 'resume')).toHaveLength(1)
  expect(calls.at(-1)).toBe('resume')
})
