// How kube-proxy is: what its health says to load balancers, its metrics and settings.
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Node } from '../../src/shared/api/core/v1.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { deferred } from '../../src/shared/machinery/deferred.ts'
import type { Run } from '../../src/agent/network/exec.ts'
import { IPV4 } from '../../src/agent/network/family.ts'
import { parseBindAddress } from '../../src/agent/network/bind-address.ts'
import { ProxyHealth } from '../../src/agent/proxy/proxy-health.ts'
import { noRules } from '../../src/agent/proxy/rules.ts'
import { createStatusServer } from '../../src/agent/proxy/status-server.ts'
import { RuleTable } from '../../src/agent/proxy/table.ts'
import { TableSync } from '../../src/agent/proxy/table-sync.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Agent, eventually, type Host, Lab, type Place } from './lab/lab.ts'
import { node, service, slice } from './lab/objects.ts'

const NODE_IP = '192.168.95.1'

/** Rounds whose end the test decides. */
function slowSync() {
  const clock = new ManualClock()
  const rounds: ReturnType<typeof deferred<string>>[] = []
  const run: Run = () => {
    rounds.push(deferred<string>())
    return rounds.at(-1)!.promise
  }
  const table = new RuleTable(IPV4)
  const sync = new TableSync({ run, tables: [{ table, base: () => '' }], clock, log: silentLog })
  const change = (key: string) => {
    table.put(key, { ...noRules, elements: [{ set: 'hairpin', key, value: '' }] })
    sync.request()
  }
  const self = { current: node('node1', NODE_IP, '10.244.1.0/24') as unknown as Node | undefined }
  const health = new ProxyHealth({ sync, families: ['IPv4'], node: () => self.current, clock })
  return { clock, rounds, change, health, self }
}

describe('the health of kube-proxy', () => {
  it('is well while nothing waits, and while what waits is not late', async () => {
    const { clock, change, health } = slowSync()
    await clock.advance(3_600_000)
    expect(health.isHealthy).toBe(true)
    change('a')
    await clock.advance(59_000)
    expect(health.isHealthy).toBe(true)
  })

  it('is not well once a change has waited for a minute, until it is in the kernel', async () => {
    const { clock, rounds, change, health } = slowSync()
    change('a')
    await clock.advance(30_000)
    change('b') // younger, so it does not count
    await clock.advance(30_000)
    expect(health.isHealthy).toBe(false)
    expect(health.describe()).toMatchObject({ healthy: false, status: { IPv4: { healthy: false } } })
    rounds[0]!.resolve('')
    await clock.advance(50)
    expect(rounds).toHaveLength(2)
    expect(health.isHealthy).toBe(true) // what is left has waited for half a minute
    await clock.advance(30_000)
    expect(health.isHealthy).toBe(false)
    rounds[1]!.resolve('')
    await clock.advance(0)
    expect(health.isHealthy).toBe(true)
  })

  it('is not well while nftables refuses what is to be written', async () => {
    const { clock, rounds, change, health } = slowSync()
    change('a')
    await clock.advance(0)
    for (let second = 0; second < 61; second++) {
      rounds.at(-1)!.reject(new Error('refused'))
      await clock.advance(1_000)
    }
    expect(rounds.length).toBeGreaterThan(30)
    expect(health.isHealthy).toBe(false)
    rounds.at(-1)!.resolve('')
    await clock.advance(0)
    expect(health.isHealthy).toBe(true)
  })

  it('says that the last change was just now while it is well, and when it really was otherwise', async () => {
    const { clock, rounds, change, health } = slowSync()
    change('a')
    await clock.advance(1_000)
    rounds[0]!.resolve('')
    await clock.advance(9_000)
    const time = (seconds: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + seconds * 1_000).toISOString()
    expect(health.describe()).toEqual({
      lastUpdated: time(10),
      currentTime: time(10),
      healthy: true,
      status: { IPv4: { lastUpdated: time(1), healthy: true } },
    })
    change('b')
    await clock.advance(60_000)
    expect(health.describe()).toMatchObject({ lastUpdated: time(1), currentTime: time(70) })
  })

  it('has a node that is known, stays, and is not to be deleted by the autoscaler', () => {
    const { health, self } = slowSync()
    const { current } = self
    expect(health.isNodeEligible).toBe(true)
    self.current = { ...current!, spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } }
    expect(health.isNodeEligible).toBe(false)
    self.current = { ...current!, metadata: { ...current!.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
    expect(health.isNodeEligible).toBe(false)
    self.current = undefined
    expect(health.isNodeEligible).toBe(false)
  })
})

it.each([
  ['127.0.0.1:10249', { host: '127.0.0.1', port: 10_249 }],
  ['0.0.0.0:10256', { host: '0.0.0.0', port: 10_256 }],
  ['[::]:10256', { host: '::', port: 10_256 }],
  ['::1:10256', undefined],
  ['127.0.0.1', undefined],
  ['127.0.0.1:0', undefined],
  ['127.0.0.1:65536', undefined],
  ['[127.0.0.1]:10256', undefined],
  ['localhost:10256', undefined],
  ['', undefined],
])('the bind address %j is %j', (text, expected) => {
  expect(parseBindAddress(text)).toEqual(expected)
})

it('a server whose port is taken tells it, and has it as soon as it is free', async () => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  const clock = new ManualClock()
  const told: string[] = []
  const log = { ...silentLog, warn: (_fields: object, message: string) => void told.push(message) }
  const routes = new Map([['/', () => ({ type: 'text/plain', body: 'ours' })]])
  const server = createStatusServer({ host: '127.0.0.1', port, routes, clock, log })
  onTestFinished(() => server[Symbol.asyncDispose]())
  await server.start()
  expect(told).toHaveLength(1)
  await new Promise(resolve => taken.close(resolve))
  await clock.advance(5_000)
  const answer = await eventually(() => fetch(`http://127.0.0.1:${port}/`))
  expect(await answer.text()).toBe('ours')
})

describe('a node', () => {
  let lab: Lab
  let host: Host
  let outside: Host
  let agent: Agent
  const self = node('node1', NODE_IP, '10.244.1.0/24')
  /** @returns what it answers, and the status behind it */
  const get = (from: Place, url: string, ...args: string[]) =>
    from.run('sh', '-c', 'curl -s -m 2 -w " %{http_code}" "$@" || true', 'sh', ...args, url)

  beforeAll(async () => {
    lab = new Lab()
    host = lab.host('node1', `${NODE_IP}/24`)
    outside = lab.host('outside', '192.168.95.9/24')
    agent = await host.agent('10.244.1.0/24')
    await agent.put('nodes', self)
  })
  afterAll(() => lab.end())

  it('tells load balancers whether to send it traffic, and others whether its proxy works', async () => {
    const healthz = () => get(outside, `http://${NODE_IP}:10256/healthz`)
    const livez = () => get(outside, `http://${NODE_IP}:10256/livez`)
    await eventually(() => healthz().endsWith(' 200'))
    expect(JSON.parse(healthz().replace(/ 200$/, ''))).toMatchObject({
      healthy: true,
      nodeEligible: true,
      status: { IPv4: { healthy: true } },
    })
    await agent.put('nodes', { ...self, spec: { ...self.spec, taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] } }) // prettier-ignore
    await eventually(() => healthz().endsWith(' 503'))
    expect(healthz()).toContain('"nodeEligible":false')
    expect(livez()).toMatch(/"healthy":true.* 200$/)
    expect(livez()).not.toContain('nodeEligible')
    await agent.put('nodes', self)
    await eventually(() => healthz().endsWith(' 200'))
    expect(get(outside, `http://${NODE_IP}:10256/metrics`)).toMatch(/ 404$/)
    expect(get(outside, `http://${NODE_IP}:10256/healthz`, '-X', 'POST')).toMatch(/ 405$/)
  })

  it('has its metrics and settings on loopback alone', async () => {
    const local = (path: string) => get(host, `http://127.0.0.1:10249${path}`)
    expect(local('/healthz')).toBe('ok 200')
    expect(local('/proxyMode')).toBe('nftables 200')
    const configz = JSON.parse(local('/configz').replace(/ 200$/, '')) as Record<string, object>
    expect(configz['kubeproxy.config.k8s.io']).toMatchObject({
      kind: 'KubeProxyConfiguration',
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      mode: 'nftables',
      hostnameOverride: 'node1',
      clusterCIDR: '10.244.0.0/16',
    })
    expect(get(host, `http://${NODE_IP}:10249/metrics`)).toMatch(/ 000$/)
  })

  it('counts rounds, changes, probes, Services that have no endpoint here, and DNS answers', async () => {
    const metrics = () => host.run('curl', '-s', '-m', '2', 'http://127.0.0.1:10249/metrics')
    const value = (name: string) => Number(metrics().split('\n').find(line => line.startsWith(`${name} `))?.split(' ')[1]) // prettier-ignore
    const before = value('kubeproxy_sync_partial_proxy_rules_duration_seconds_count{ip_family="IPv4"}')
    const startedAt = Date.now()
    const local = service('web', { type: 'ClusterIP', clusterIP: '10.96.0.50', internalTrafficPolicy: 'Local', ports: [{ port: 80, protocol: 'TCP' }] }) // prettier-ignore
    const elsewhere = slice('web', [{ ip: '10.244.9.9', nodeName: 'node9' }])
    const annotations = { 'endpoints.kubernetes.io/last-change-trigger-time': new Date(startedAt).toISOString() }
    await agent.put('services', local)
    await agent.put('endpointslices', { ...elsewhere, metadata: { ...elsewhere.metadata, annotations } })
    await eventually(() => value('kubeproxy_sync_proxy_rules_no_local_endpoints_total{ip_family="IPv4",traffic_policy="internal"}') === 1) // prettier-ignore
    await eventually(() => value('kubeproxy_network_programming_duration_seconds_count{ip_family="IPv4"}') === 1)
    expect(value('kubeproxy_network_programming_duration_seconds_sum{ip_family="IPv4"}')).toBeLessThan((Date.now() - startedAt) / 1_000) // prettier-ignore
    expect(value('kubeproxy_sync_partial_proxy_rules_duration_seconds_count{ip_family="IPv4"}')).toBeGreaterThan(before)
    expect(value('kubeproxy_sync_full_proxy_rules_duration_seconds_count{ip_family="IPv4"}')).toBeGreaterThan(0)
    expect(value('kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"}')).toBeGreaterThanOrEqual(startedAt / 1_000) // prettier-ignore
    expect(value('kubeproxy_sync_proxy_rules_service_changes_total')).toBe(1)
    expect(value('kubeproxy_sync_proxy_rules_endpoint_changes_total')).toBe(1)
    expect(value('kubeproxy_sync_proxy_rules_endpoint_changes_pending')).toBe(0)
    expect(value('kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"}')).toBe(0)
    const healthy = value('kubeproxy_proxy_healthz_total{code="200"}')
    get(host, 'http://127.0.0.1:10256/healthz')
    expect(value('kubeproxy_proxy_healthz_total{code="200"}')).toBe(healthy + 1)
    host.run('dig', '+short', '@10.96.0.10', 'web.default.svc.cluster.local')
    expect(value('flotilla_dns_answers_total{protocol="udp",type="A",source="cluster",rcode="NOERROR"}')).toBe(1)
    expect(await agent.call({ do: 'metrics' })).toContain('flotilla_dns_answers_total')
  })

  it('listens where it is told to, and where node ports answer otherwise', async () => {
    await agent.stop()
    agent = await host.agent('10.244.1.0/24', {}, { nodePortAddresses: ['127.0.0.0/8'] })
    expect(get(outside, `http://${NODE_IP}:10256/livez`)).toMatch(/ 000$/)
    expect(get(host, 'http://127.0.0.1:10256/livez')).toMatch(/ 200$/)
    await agent.stop()
    agent = await host.agent('10.244.1.0/24', {}, { healthzBindAddress: `${NODE_IP}:10300`, metricsBindAddress: '' })
    expect(get(outside, `http://${NODE_IP}:10300/livez`)).toMatch(/ 200$/)
    expect(get(host, 'http://127.0.0.1:10256/livez')).toMatch(/ 000$/)
    expect(get(host, 'http://127.0.0.1:10249/healthz')).toMatch(/ 000$/)
  })
})
