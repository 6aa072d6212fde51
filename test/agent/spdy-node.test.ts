// SPDY sessions with real containers, by clients that take what the protocol lets them: the node goes on for others.
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HeaderEncoder } from '../../src/agent/api/streams/spdy-headers.ts'
import { eventually } from '../support/eventually.ts'
import { frame, synStream } from './support/spdy.ts'
import { docker } from './support/node.ts'
import { TestNode, statusOf } from './support/test-node.ts'

let node: TestNode
beforeAll(async () => {
  node = await TestNode.start()
  await node.run('box', { containers: [node.container()] })
  await node.ready('box')
})
afterAll(() => node?.[Symbol.asyncDispose]())

interface Session {
  readonly socket: Socket
  readonly encoder: HeaderEncoder
  bytes(): Buffer
}

const upgrade = (path: string): Promise<Session> =>
  new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' }
    request(`${node.kubeletUrl}${path}`, { method: 'POST', headers })
      .once('upgrade', (_answer, socket: Socket) => {
        const chunks: Buffer[] = []
        socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined)
        resolve({ socket, encoder: new HeaderEncoder(), bytes: () => Buffer.concat(chunks) })
      })
      .once('error', reject)
      .end()
  })
const exec = (flags: string, ...command: string[]) =>
  upgrade(`/exec/default/box/main?${flags}${command.map(word => `&command=${encodeURIComponent(word)}`).join('')}`)
const openStreams = async ({ socket, encoder }: Session, ...types: string[]) => {
  for (const [i, type] of types.entries()) socket.write(await synStream(encoder, 2 * i + 1, [['streamtype', type]]))
}
/** Somebody else runs a command, and is told what it says. */
async function others(): Promise<string> {
  const session = await exec('output=1', 'echo', 'served')
  await openStreams(session, 'error', 'stdout')
  await eventually(() => expect(session.bytes().toString('latin1')).toContain('served\n'))
  session.socket.destroy()
  return 'served'
}
const processes = async () => {
  const { containerID = '' } = statusOf(await node.get('box'))
  return docker('top', containerID.replace('docker://', ''), '-eo', 'pid,args')
}

it('a client may open more streams than there are, twice, or send what is no frame', async () => {
  const many = await exec('input=1&output=1', 'cat')
  await openStreams(many, 'error', 'stdin', 'stdout', ...new Array<string>(1_500).fill('data'))
  const twice = await exec('input=1&output=1', 'cat')
  for (let i = 0; i < 2; i++) twice.socket.write(await synStream(twice.encoder, 1, [['streamtype', 'error']]))
  const garbage = await exec('input=1&output=1', 'cat')
  garbage.socket.write(frame(0x80030001, 0, Buffer.alloc(60_000, 'x')))
  const endless = await exec('input=1&output=1', 'cat')
  await openStreams(endless, 'error', 'stdin', 'stdout')
  // Of data that says to be 16 MiB, and never comes to its end.
  const head = Buffer.alloc(8)
  head.writeUInt32BE(3, 0)
  head.writeUInt32BE(0x00ffffff, 4)
  endless.socket.write(head)
  expect(await others()).toBe('served')
  await eventually(() => expect([twice, garbage].map(({ socket }) => socket.destroyed)).toEqual([true, true]))
  for (const { socket } of [many, endless]) socket.destroy()
  expect(await others()).toBe('served')
})

it('output that nobody takes holds the program up, and nobody else', async () => {
  const idle: Session[] = []
  for (let i = 0; i < 10; i++) {
    const session = await exec('output=1', 'sh', '-c', 'exec yes unread')
    session.socket.pause()
    await openStreams(session, 'error', 'stdout')
    idle.push(session)
  }
  await eventually(async () => expect((await processes()).match(/yes unread/g)).toHaveLength(10))
  expect(await others()).toBe('served')
  for (const { socket } of idle) socket.destroy()
  expect(await others()).toBe('served')
})
