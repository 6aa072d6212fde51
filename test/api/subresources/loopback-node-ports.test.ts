// Services' ports on this machine's loopback: through the node's real link to the node's own port.
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
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
  await eventually(() => expect(nodePorts.ports).toContain(port))
  expect(await ask(port, 'hello')).toBe('you said hello')
  expect(await ask(port, 'x'.repeat(300_000))).toBe(`you said ${'x'.repeat(300_000)}`)
  await cluster.admin.delete(Service, { namespace, name: 'web' })
  await eventually(() => expect(nodePorts.ports).not.toContain(port))
  await expect(ask(port, 'hello')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a load balancer answers at its own port as well; a Service that is only in the cluster at none', async () => {
  const own = await listen('127.0.0.1', 0, () => undefined)
  await new Promise(resolve => servers.pop()?.close(resolve))
  const before = nodePorts.ports
  await make('inside', { ports: [{ port: own }] })
  const port = await make('balanced', { type: 'LoadBalancer', ports: [{ port: own }] })
  await listen(address, port, echo)
  await eventually(() => expect(nodePorts.ports).toEqual([...before, port, own].sort((a, b) => a - b)))
  expect(await ask(own, 'hi')).toBe('you said hi')
})

test('a port that another program has is told once, and opened when it is free', async () => {
  const taken = await listen('127.0.0.1', 0, socket => socket.end('another program'))
  const other = servers.at(-1)
  const port = await make('late', { type: 'LoadBalancer', ports: [{ port: taken }] })
  await listen(address, port, echo)
  await eventually(() => expect(tellsOf('late')).toEqual([`late: LoopbackPortNotOpened 127.0.0.1:${taken} does not lead to this Service: another program has it`])) // prettier-ignore
  expect(nodePorts.ports).toContain(port)
  await clock.advance(15_000)
  expect(await ask(taken, '')).toBe('another program')
  await new Promise(resolve => other?.close(resolve))
  await eventually(async () => {
    await clock.advance(15_000)
    expect(nodePorts.ports).toContain(taken)
  })
  expect(await ask(taken, 'at last')).toBe('you said at last')
  expect(tellsOf('late')).toHaveLength(1)
})

test('of two Services that want one port the older one has it, and the other is told whose it is', async () => {
  const [{ port } = { port: 0 }] = (await cluster.admin.get(Service, { namespace, name: 'late' })).spec.ports ?? []
  await make('later', { type: 'LoadBalancer', ports: [{ port }] })
  await eventually(() => expect(tellsOf('later')).toEqual([expect.stringContaining('Service default/late has it')]))
})

test('a node that does not answer ends the connection, and nothing else', async () => {
  const port = await make('silent', { type: 'NodePort', ports: [{ port: 81 }] })
  await eventually(() => expect(nodePorts.ports).toContain(port))
  expect(await ask(port, 'anybody?').catch((error: Error) => error.message)).toMatch(/^$|ECONNRESET/)
})
