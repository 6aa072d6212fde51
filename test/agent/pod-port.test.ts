// Ways into the network of a pod, for what listens on its loopback alone.
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { ApiContext } from '../../src/agent/api/contract.ts'
import { connectToPort } from '../../src/agent/api/pod-port.ts'
import { servePortForward } from '../../src/agent/api/port-forward.ts'
import type { ContainerRuntime } from '../../src/agent/kubelet/runtime/contract.ts'
import type { Pod } from '../../src/shared/api/core/v1.ts'

/** This process stands for the pod's: its network is the machine's, of which nothing listens on 127.0.0.9. */
const pod = { metadata: { name: 'box', uid: 'u' }, status: { podIP: '127.0.0.9' } } as unknown as Pod
const runtime = {
  pod: () => Promise.resolve({ sandboxes: [{ state: 'running', pid: process.pid }], containers: [] }),
} as unknown as ContainerRuntime

/** Processes that are on their way into the network. */
const children = () =>
  readdirSync('/proc').filter(entry => {
    try {
      const [, fields = ''] = readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')
      return fields.split(' ')[1] === String(process.pid)
    } catch {
      return false
    }
  }).length

test('however many ports are asked for at once, few processes go into the pod at a time, and all are answered', async () => {
  const server = createServer(socket => void socket.on('error', () => undefined).end('hi')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const before = children()
  let most = 0
  const watching = setInterval(() => (most = Math.max(most, children() - before)), 5)
  const asked = Array.from({ length: 24 }, async (_, i) => {
    const socket = await connectToPort(runtime, pod, i % 2 === 0 ? port : 1)
    return socket.on('error', () => undefined)
  })
  const answers = await Promise.allSettled(asked)
  clearInterval(watching)
  expect(answers.map(({ status }) => status)).toEqual(asked.map((_, i) => (i % 2 === 0 ? 'fulfilled' : 'rejected')))
  expect(most).toBeGreaterThan(0)
  // Those that have handed their connection over may still be ending.
  expect(most).toBeLessThanOrEqual(8)
  for (const answer of answers) if (answer.status === 'fulfilled') answer.value.destroy()
  server.close()
})

test('whoever has gone meanwhile holds up nobody', async () => {
  const server = createServer(socket => void socket.on('error', () => undefined).end('hi')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  let connections = 0
  server.on('connection', () => connections++)
  const { port } = server.address() as AddressInfo
  const gone = new AbortController()
  const asked = Array.from({ length: 24 }, () => connectToPort(runtime, pod, port, gone.signal))
  const settled = Promise.allSettled(asked)
  await Promise.race(asked)
  gone.abort(new Error('gone'))
  const socket = await connectToPort(runtime, pod, port)
  for (const answer of await settled) if (answer.status === 'fulfilled') answer.value.destroy()
  expect(connections).toBeLessThan(24)
  socket.destroy()
  server.close()
})

test('more ports than there are channels for are refused before any is opened', async () => {
  const context = { kubelet: { pod: () => pod } } as unknown as ApiContext
  const headers = { upgrade: 'websocket', 'sec-websocket-protocol': 'v4.channel.k8s.io' }
  const message = { headers } as unknown as IncomingMessage
  const query = new URLSearchParams({ port: Array.from({ length: 129 }, () => 80).join(',') })
  const request = { message, socket: new PassThrough(), head: Buffer.alloc(0), query }
  await expect(servePortForward(context, ['default', 'box'], request)).rejects.toMatchObject({ code: 400 })
})
