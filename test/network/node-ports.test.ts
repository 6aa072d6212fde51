// Node ports that answer on chosen addresses of the node only.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Agent, eventually, type Host, Lab, serve, tcp, udp } from './lab/lab.ts'
import { service, slice } from './lab/objects.ts'

const NODE_PORT = 30_080
const HIDDEN = '192.168.77.51'
let lab: Lab
let host: Host
let outside: Host
let agent: Agent

beforeAll(async () => {
  lab = new Lab()
  host = lab.host('node1', '192.168.77.1/24')
  host.run('ip', 'address', 'add', `${HIDDEN}/24`, 'dev', 'eth0')
  host.run('ip', 'address', 'add', '192.168.77.65/24', 'dev', 'eth0')
  outside = lab.host('outside', '192.168.77.9/24')
  agent = await host.agent('10.244.1.0/24', {}, { nodePortAddresses: ['primary', '192.168.77.64/28'] })
  const pod = await lab.pod()
  const ip = await agent.setUp(pod)
  await serve(pod, 'A', 8080)
  const ports = ['TCP', 'UDP'].map(protocol => ({ name: protocol.toLowerCase(), port: 80, protocol, nodePort: NODE_PORT })) // prettier-ignore
  await agent.put('services', service('web', { type: 'NodePort', clusterIP: '10.96.0.50', ports }))
  const slicePorts = ports.map(({ name, protocol }) => ({ name, protocol, port: 8080 }))
  await agent.put('endpointslices', slice('web', [{ ip, nodeName: 'node1' }], slicePorts))
  await eventually(() => tcp(host, '192.168.77.1', NODE_PORT)[0]?.startsWith('A '))
})
afterAll(() => lab.end())

it('answer on the node address and on addresses of the ranges', () => {
  for (const address of ['192.168.77.1', '192.168.77.65']) {
    expect(tcp(outside, address, NODE_PORT)[0]).toMatch(/^A /)
    expect(udp(outside, address, NODE_PORT)[0]).toMatch(/^A /)
  }
})

it('leave the port to others on every other address', async () => {
  expect(tcp(outside, HIDDEN, NODE_PORT)).toEqual(['ECONNREFUSED'])
  expect(tcp(host, '127.0.0.1', NODE_PORT)).toEqual(['ECONNREFUSED'])
  await serve(host, 'HOST', NODE_PORT)
  expect(tcp(outside, HIDDEN, NODE_PORT)[0]).toMatch(/^HOST /)
  expect(udp(outside, HIDDEN, NODE_PORT)[0]).toMatch(/^HOST /)
  expect(tcp(outside, '192.168.77.1', NODE_PORT)[0]).toMatch(/^A /)
})

it('do not refuse what others serve there while no endpoint is ready', async () => {
  await agent.put('endpointslices', slice('web', []))
  await eventually(() => tcp(outside, '192.168.77.1', NODE_PORT).join() === 'ECONNREFUSED')
  expect(tcp(outside, HIDDEN, NODE_PORT)[0]).toMatch(/^HOST /)
})

it('are where the health of a Service that keeps to its node is told, too', async () => {
  const ports = [{ name: 'tcp', port: 80, protocol: 'TCP', nodePort: NODE_PORT }]
  const spec = { type: 'LoadBalancer', clusterIP: '10.96.0.50', externalTrafficPolicy: 'Local', healthCheckNodePort: 31_999, ports } // prettier-ignore
  await agent.put('services', service('web', spec))
  await eventually(() => tcp(outside, '192.168.77.65', 31_999).join() !== 'ECONNREFUSED')
  expect(tcp(outside, HIDDEN, 31_999)).toEqual(['ECONNREFUSED'])
})
