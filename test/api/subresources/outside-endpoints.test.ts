// Services whose endpoints somebody wrote, of programs that run beside the cluster: the API server reaches them itself.
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAuthority, makeLeaf } from '../../../src/main/pki/certificates.ts'
import { APIService } from '../../../src/shared/api/apiregistration/v1.ts'
import { Pod, Service, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { EndpointSlice } from '../../../src/shared/api/discovery/v1.ts'
import { eventually } from '../../support/eventually.ts'
import { ownAddress } from '../../support/node-link.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

const namespace = 'default'
const PATIENCE_MS = 60_000
const here = ownAddress()
const servers: Server[] = []
const answer: RequestListener = ({ url }, response) => {
  response.setHeader('content-type', 'application/json')
  if (url === '/apis/beside.example.com/v1')
    return void response.end(
      JSON.stringify({
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: 'beside.example.com/v1',
        resources: [],
      }),
    )
  response.end(JSON.stringify({ url }))
}

let cluster: SecuredCluster

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, here, resolve))
  return (server.address() as AddressInfo).port
}

async function serviceOf(name: string, port: number, address: string): Promise<void> {
  await cluster.admin.create(Service, { metadata: { name, namespace }, spec: { ports: [{ port: 443 }] } })
  await cluster.admin.create(EndpointSlice, {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: '', port, protocol: 'TCP' }],
    endpoints: [{ addresses: [address] }],
  })
}

const proxied = (name: string) => raw(cluster.api, `/api/v1/namespaces/default/services/${name}/proxy/hi`)

beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  for (const server of servers) server.close()
})

test("a Service's proxy reaches an endpoint that is no pod, without any node", async () => {
  await serviceOf('outside', await listening(createServer(answer)), here)
  const { code, json } = await proxied('outside')
  expect([code, json.url]).toEqual([200, '/hi'])
})

test('an endpoint where nothing listens is told as a Service that is not reached', async () => {
  const server = createServer(answer)
  const port = await listening(server)
  await new Promise(resolve => server.close(resolve))
  await serviceOf('silent', port, here)
  const { code, json } = await proxied('silent')
  expect([code, json.message]).toEqual([503, expect.stringContaining('error trying to reach service: ')])
})

test(
  "an extension API server beside the cluster is available, and answers under this server's address",
  async () => {
    const authority = await makeAuthority('extension-ca', 1, Date.now())
    const { certPem: cert, keyPem: key } = await makeLeaf(authority, {
      commonName: 'extension',
      organizations: [],
      usage: 'server',
      dnsNames: [`extension.${namespace}.svc`],
      days: 1,
      nowMs: Date.now(),
    })
    await serviceOf('extension', await listening(createSecureServer({ cert, key }, answer)), here)
    await cluster.admin.create(APIService, {
      metadata: { name: 'v1.beside.example.com' },
      spec: {
        group: 'beside.example.com',
        version: 'v1',
        service: { namespace, name: 'extension' },
        caBundle: Buffer.from(authority.certPem).toString('base64'),
        groupPriorityMinimum: 100,
        versionPriority: 100,
      },
    })
    await eventually(async () => {
      const { status } = await cluster.admin.get(APIService, { name: 'v1.beside.example.com' })
      expect(status?.conditions).toMatchObject([{ type: 'Available', status: 'True' }])
    }, PATIENCE_MS)
    await eventually(async () => {
      const { json } = await raw(cluster.api, '/apis/beside.example.com/v1/anything')
      expect(json).toMatchObject({ url: '/apis/beside.example.com/v1/anything' })
    }, PATIENCE_MS)
  },
  3 * PATIENCE_MS,
)

test("an endpoint at a node's address is reached, though pods on the node's network have it too", async () => {
  await cluster.admin.create(Pod, {
    metadata: { name: 'exporter', namespace },
    spec: { nodeName: 'box', hostNetwork: true, containers: [{ name: 'main', image: 'x' }] },
  })
  const status = { podIP: here, podIPs: [{ ip: here }] }
  await cluster.admin.patch(Pod, { namespace, name: 'exporter' }, { status }, { subresource: 'status' })
  await serviceOf('beside', await listening(createServer(answer)), here)
  const { code, json } = await proxied('beside')
  expect([code, json.url]).toEqual([200, '/hi'])
})

test("a pod's address counts only where the endpoint names the pod", async () => {
  await cluster.admin.create(Pod, {
    metadata: { name: 'web', namespace },
    spec: { nodeName: 'box', containers: [{ name: 'main', image: 'x' }] },
  })
  const status = { podIP: here, podIPs: [{ ip: here }] }
  await cluster.admin.patch(Pod, { namespace, name: 'web' }, { status }, { subresource: 'status' })
  await serviceOf('trick', await listening(createServer(answer)), here)
  expect((await proxied('trick')).json.message).toBe('no endpoints available for service "trick"')
  // Once it has ended, the address is whose it is then.
  for (const phase of ['Succeeded', 'Failed']) {
    await cluster.admin.patch(Pod, { namespace, name: 'web' }, { status: { phase } }, { subresource: 'status' })
    expect((await proxied('trick')).json.url).toBe('/hi')
  }
})
