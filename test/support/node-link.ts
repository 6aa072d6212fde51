// A node's real link to the test server, with nothing else of the node behind it: what the API server dials is reached
// from this machine.
import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'
import { runTunnel } from '../../src/agent/tunnel/tunnel.ts'
import { Node, Pod, Service } from '../../src/shared/api/core/v1.ts'
import { EndpointSlice } from '../../src/shared/api/discovery/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import type { SecuredCluster } from '../api/authz/support/cluster.ts'
import { eventually } from './eventually.ts'

/** An address of this machine that is neither loopback nor link-local, as pods have. */
export const ownAddress = (): string =>
  Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .find(({ internal, family, address }) => !internal && family === 'IPv4' && !address.startsWith('169.254.'))!.address

/** Joins as `box`. Dispose of it and the link ends. */
export async function linkNode(cluster: SecuredCluster): Promise<AsyncDisposable> {
  const stop = new AbortController()
  const kubelet = createServer()
  await cluster.node('box').create(Node, { metadata: { name: 'box' }, spec: {} })
  const { certPem: cert, keyPem: key } = await cluster.api.pki.issueClientCertificate({
    commonName: 'system:node:box',
    organizations: ['system:nodes'],
  })
  const running = runTunnel({
    servers: [cluster.api.url.replace('127.0.0.1', 'localhost')],
    tls: { ca: cluster.api.pki.caPem, cert, key },
    nodeName: 'box',
    kubelet: connection => void kubelet.emit('connection', connection),
    clock: systemClock,
    signal: stop.signal,
  })
  await eventually(() => {
    if (!cluster.tunnels.connected.includes('box')) throw new Error('not linked yet')
  })
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

/** A Service, with a pod on `box` behind it that has this machine's address. */
export async function serviceOnNode(cluster: SecuredCluster, name: string, port: number): Promise<void> {
  const ref = { namespace: 'default', name }
  const ip = ownAddress()
  await cluster.admin.create(Pod, {
    metadata: ref,
    spec: { nodeName: 'box', containers: [{ name: 'main', image: 'x' }] },
  })
  const status = { podIP: ip, podIPs: [{ ip }] }
  await cluster.admin.patch(Pod, ref, { status }, { subresource: 'status' })
  await cluster.admin.create(Service, { metadata: ref, spec: { ports: [{ port: 443 }] } })
  await cluster.admin.create(EndpointSlice, {
    metadata: { ...ref, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ip], nodeName: 'box', targetRef: { kind: 'Pod', ...ref } }],
    ports: [{ port }],
  })
}
