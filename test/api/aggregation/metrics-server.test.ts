// metrics.k8s.io is built in, and somebody's own metrics server takes its place for as long as it answers.
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { MetricsCollector } from '../../../src/main/apiserver/metrics-api/collector.ts'
import { metricsHandlers } from '../../../src/main/apiserver/metrics-api/handlers.ts'
import { makeAuthority, makeLeaf } from '../../../src/main/pki/certificates.ts'
import { APIService } from '../../../src/shared/api/apiregistration/v1.ts'
import { ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { eventually as within } from '../../support/eventually.ts'
import { linkNode, ownAddress, serviceOnNode } from '../../support/node-link.ts'
import { type SecuredCluster, startSecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

const PATIENCE_MS = 100_000
const eventually = (check: () => Promise<void>) => within(check, PATIENCE_MS)
vi.setConfig({ testTimeout: 4 * PATIENCE_MS, hookTimeout: 4 * PATIENCE_MS })

const NAME = 'v1beta1.metrics.k8s.io'
const ROOT = '/apis/metrics.k8s.io/v1beta1'
const RESOURCES = [
  { name: 'nodes', singularName: '', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
  { name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
]
let cluster: SecuredCluster
let link: AsyncDisposable
let theirs: Server
let caBundle: string
let collector: MetricsCollector

async function startTheirs(): Promise<Server> {
  const authority = await makeAuthority('metrics-ca', 1, Date.now())
  caBundle = Buffer.from(authority.certPem).toString('base64')
  const { certPem: cert, keyPem: key } = await makeLeaf(authority, {
    ...{ commonName: 'metrics', organizations: [], usage: 'server', days: 1, nowMs: Date.now() },
    dnsNames: ['metrics.default.svc'],
  })
  const server = createServer({ cert, key }, ({ url }, response) => {
    response.setHeader('content-type', 'application/json')
    if (url === ROOT)
      return void response.end(
        JSON.stringify({ kind: 'APIResourceList', groupVersion: ROOT.slice('/apis/'.length), resources: RESOURCES }),
      )
    if (url === `${ROOT}/nodes`) return void response.end(JSON.stringify({ kind: 'NodeMetricsList', by: 'theirs' }))
    response.writeHead(404).end('{}')
  })
  await new Promise<void>(resolve => server.listen(0, ownAddress(), resolve))
  return server
}

beforeAll(async () => {
  cluster = await startSecuredCluster({
    withMetrics: tunnels =>
      metricsHandlers((collector = new MetricsCollector({ dialer: tunnels, clock: systemClock }))),
  })
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } })
  link = await linkNode(cluster)
  theirs = await startTheirs()
})
afterAll(async () => {
  await link[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
  await collector[Symbol.asyncDispose]()
  theirs.closeAllConnections()
  theirs.close()
})

const nodes = async () => {
  const { code, json } = await raw(cluster.api, `${ROOT}/nodes`)
  return [code, json.kind, json.by]
}
const OURS = [200, 'NodeMetricsList', undefined]
const discovered = async () =>
  (await raw(cluster.api, ROOT)).json.resources.map(({ name }: { name: string }) => name) as string[]
/** As a manifest of it says that is applied over what is there. */
const spec = () => ({
  ...{ groupPriorityMinimum: 100, versionPriority: 100, caBundle },
  service: { namespace: 'default', name: 'metrics', port: 443 },
})

test('one that does not answer takes nothing away', async () => {
  await eventually(async () => void (await cluster.admin.get(APIService, { name: NAME })))
  await cluster.admin.patch(APIService, { name: NAME }, { spec: spec() })
  await eventually(async () => {
    const { status } = await cluster.admin.get(APIService, { name: NAME })
    expect(status.conditions).toMatchObject([{ type: 'Available', status: 'False', reason: 'ServiceNotFound' }])
  })
  expect([await nodes(), await discovered()]).toEqual([OURS, ['nodes', 'pods']])
  expect((await raw(cluster.api, `/openapi/v3${ROOT}`)).code).not.toBe(503)
})

test('it answers as soon as it is available, and what is built in does once it is gone again', async () => {
  await serviceOnNode(cluster, 'metrics', (theirs.address() as AddressInfo).port)
  await eventually(async () => expect(await nodes()).toEqual([200, 'NodeMetricsList', 'theirs']))
  expect((await cluster.admin.get(APIService, { name: NAME })).spec.service).toMatchObject({ name: 'metrics' })
  expect(await discovered()).toEqual(['nodes', 'pods'])
  await cluster.admin.delete(APIService, { name: NAME })
  await eventually(async () => {
    expect((await cluster.admin.get(APIService, { name: NAME })).spec).not.toHaveProperty('service')
    expect(await nodes()).toEqual(OURS)
  })
})
