// Services' ports on this machine's loopback: through the node's real link to the node's own port.
import { type Socket as UdpSocket, createSocket } from 'node:dgram'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runTunnel } from '../../../src/agent/tunnel/tunnel.ts'
import { NodePorts } from '../../../src/main/node-ports/node-ports.ts'
import { Node, Service } from '../../../src/shared/api/core/v1.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { eventually } from '../../support/eventually.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

const namespace = 'default'
const stop = new AbortController()
const address = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .find(({ internal, family, address: ip }) => !internal && family === 'IPv4' && !ip.startsWith('169.254.'))!.address
const clock = new ManualClock()
const told: string[] = []
const servers: Server[] = []
let cluster: SecuredCluster
let running: Promise<void>
let nodePorts: NodePorts

/** @returns the port that it listens on */
async function listen(host: string, port: number, onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, onConnection)
  servers.push(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}
/** Answers, when everything has come, with that. */
function echo(socket: Socket): void {
  let said = ''
  socket.on('data', chunk => (said += String(chunk)))
  socket.once('end', () => socket.end(`you said ${said}`))
}
const ask = async (port: number, what: string) => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(what)
  return text(socket)
}
const make = async (name: string, spec: object) => {
  const { spec: made } = await cluster.admin.create(Service, { metadata: { name, namespace }, spec })
  return made.ports?.[0]?.nodePort ?? 0
}
const tellsOf = (name: string) => told.filter(line => line.startsWith(`${name}: `))

beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.node('box').create(Node, { metadata: { name: 'box' }, spec: {} })
  const status = { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: 'True' }] }
  await cluster.admin.patch(Node, { name: 'box' }, { status }, { subresource: 'status', type: 'merge' })
  const { certPem: cert, keyPem: key } = await cluster.api.pki.issueClientCertificate({
    commonName: 'system:node:box',
    organizations: ['system:nodes'],
  })
  running = runTunnel({
    servers: [cluster.api.url.replace('127.0.0.1', 'localhost')],
    tls: { ca: cluster.api.pki.caPem, cert, key },
    nodeName: 'box',
    kubelet: connection => void connection.destroy(),
    clock: systemClock,
    signal: stop.signal,
  })
  await eventually(() => expect(cluster.tunnels.connected).toEqual(['box']))
  nodePorts = new NodePorts({
    client: cluster.admin,
    dialer: cluster.tunnels,
    clock,
    log: silentLog,
    events: {
      event: (about, _type, reason, message) =>
        void told.push(`${'metadata' in about ? about.metadata.name : about.name}: ${reason} ${message}`),
    },
  })
})
afterAll(async () => {
  await nodePorts[Symbol.asyncDispose]()
  stop.abort()
  await running
  await cluster[Symbol.asyncDispose]()
  for (const server of servers) server.close()
})

test('a node port answers on the loopback, also a client that has said all; it goes with the Service', async () => {
  const port = await make('web', { type: 'NodePort', ports: [{ port: 80 }] })
  await listen(address, port, echo)
  await eventually(() => expect(nodePorts.ports).toContain(`${port}/TCP`))
  expect(await ask(port, 'hello')).toBe('you said hello')
  expect(await ask(port, 'x'.repeat(300_000))).toBe(`you said ${'x'.repeat(300_000)}`)
  await cluster.admin.delete(Service, { namespace, name: 'web' })
  await eventually(() => expect(nodePorts.ports).not.toContain(`${port}/TCP`))
  await expect(ask(port, 'hello')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a load balancer answers at its own port as well; a Service that is only in the cluster at none', async () => {
  const own = await listen('127.0.0.1', 0, () => undefined)
  await new Promise(resolve => servers.pop()?.close(resolve))
  const before = nodePorts.ports
  await make('inside', { ports: [{ port: own }] })
  const port = await make('balanced', { type: 'LoadBalancer', ports: [{ port: own }] })
  await listen(address, port, echo)
  await eventually(() => expect(nodePorts.ports).toEqual([...before, `${port}/TCP`, `${own}/TCP`].sort()))
  expect(await ask(own, 'hi')).toBe('you said hi')
})

test('a port that another program has is told once, and opened when it is free', async () => {
  const taken = await listen('127.0.0.1', 0, socket => socket.end('another program'))
  const other = servers.at(-1)
  const port = await make('late', { type: 'LoadBalancer', ports: [{ port: taken }] })
  await listen(address, port, echo)
  await eventually(() => expect(tellsOf('late')).toEqual([`late: LoopbackPortNotOpened 127.0.0.1:${taken}/TCP does not lead to this Service: another program has it`])) // prettier-ignore
  expect(nodePorts.ports).toContain(`${port}/TCP`)
  await clock.advance(15_000)
  expect(await ask(taken, '')).toBe('another program')
  await new Promise(resolve => other?.close(resolve))
  await eventually(async () => {
    await clock.advance(15_000)
    expect(nodePorts.ports).toContain(`${taken}/TCP`)
  })
  expect(await ask(taken, 'at last')).toBe('you said at last')
  expect(tellsOf('late')).toHaveLength(1)
})

test('of two Services that want one port the older one has it, and the other is told whose it is', async () => {
  const [{ port } = { port: 0 }] = (await cluster.admin.get(Service, { namespace, name: 'late' })).spec.ports ?? []
  await make('later', { type: 'LoadBalancer', ports: [{ port }] })
  await eventually(() => expect(tellsOf('later')).toEqual([expect.stringContaining('Service default/late has it')]))
})

describe('over UDP', () => {
  const clients: UdpSocket[] = []
  afterAll(() => {
    for (const client of clients) client.close()
  })
  /** A client with an address of its own. @returns sends, and tells everything that has come back */
  function client(port: number): { say(what: string): void; readonly heard: string[] } {
    const socket = createSocket('udp4')
    clients.push(socket)
    const heard: string[] = []
    socket.on('message', datagram => heard.push(String(datagram)))
    return { heard, say: what => socket.send(what, port, '127.0.0.1') }
  }
  /** Answers each datagram with it and the port that it came from. */
  function answering(port: number): Promise<UdpSocket> {
    const socket = createSocket('udp4')
    clients.push(socket)
    socket.on('message', (datagram, from) => socket.send(`${from.port} ${String(datagram)}`, from.port, from.address))
    return new Promise(resolve => socket.bind(port, address, () => resolve(socket)))
  }
  const makeBoth = async (name: string) => {
    const ports = [
      { name: 'tcp', port: 53, nodePort: 30_053 },
      { name: 'udp', port: 53, nodePort: 30_053, protocol: 'UDP' },
    ]
    const port = await make(name, { type: 'NodePort', ports })
    await eventually(() => expect(nodePorts.ports).toEqual(expect.arrayContaining([`${port}/TCP`, `${port}/UDP`])))
    return port
  }

  test('a node port answers beside TCP of the same number; each client keeps one address, and hears what is for it', async () => {
    const port = await makeBoth('names')
    await answering(port)
    const [ada, grace] = [client(port), client(port)]
    ada.say('one')
    ada.say('')
    ada.say('two')
    grace.say('x'.repeat(9_000))
    await eventually(() => expect([ada.heard, grace.heard].map(({ length }) => length)).toEqual([3, 1]))
    const from = (heard: readonly string[]) => new Set(heard.map(text => text.split(' ')[0]))
    expect(ada.heard.map(text => text.split(' ')[1])).toEqual(['one', '', 'two'])
    expect(grace.heard[0]).toMatch(/^\d+ x{9000}$/)
    expect(from(ada.heard).size).toBe(1)
    expect(from(ada.heard)).not.toEqual(from(grace.heard))
  })
  test('who is silent for two minutes is forgotten: what it says then goes another way', async () => {
    const [ada, grace] = [client(30_053), client(30_053)]
    for (const each of [ada, grace]) each.say('before')
    await eventually(() => expect([ada.heard, grace.heard].map(({ length }) => length)).toEqual([1, 1]))
    await clock.advance(90_000)
    grace.say('meanwhile')
    await eventually(() => expect(grace.heard).toHaveLength(2))
    await clock.advance(60_000)
    for (const each of [ada, grace]) each.say('after')
    await eventually(() => expect([ada.heard, grace.heard].map(({ length }) => length)).toEqual([2, 3]))
    const ways = ({ heard }: { heard: string[] }) => new Set(heard.map(text => text.split(' ')[0])).size
    expect([ways(ada), ways(grace)]).toEqual([2, 1])
  })
  test('where nobody listens, nothing is heard; as soon as somebody does, they are', async () => {
    await cluster.admin.delete(Service, { namespace, name: 'names' })
    await eventually(() => expect(nodePorts.ports).not.toContain('30053/UDP'))
    const port = await make('later-names', { type: 'NodePort', ports: [{ port: 54, protocol: 'UDP' }] })
    await eventually(() => expect(nodePorts.ports).toContain(`${port}/UDP`))
    const ada = client(port)
    ada.say('anybody?')
    await answering(port)
    await eventually(() => {
      ada.say('now?')
      expect(ada.heard.at(-1)).toMatch(/ now\?$/)
    })
    expect(tellsOf('names').concat(tellsOf('later-names'))).toEqual([])
  })
})

test('a node that does not answer ends the connection, and nothing else', async () => {
  const port = await make('silent', { type: 'NodePort', ports: [{ port: 81 }] })
  await eventually(() => expect(nodePorts.ports).toContain(`${port}/TCP`))
  expect(await ask(port, 'anybody?').catch((error: Error) => error.message)).toMatch(/^$|ECONNRESET/)
})
