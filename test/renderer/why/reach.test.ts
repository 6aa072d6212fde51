// "Why?" where a pod does not reach what it needs: names, Services and network policies, out of what its log complains of.
import { describe, expect, it } from 'vitest'
import { Namespace, Pod, Service } from '../../../src/shared/api/core/v1.ts'
import { NetworkPolicy } from '../../../src/shared/api/networking/v1.ts'
import { type Cause, chainOf, tell } from '@/why/cause.ts'
import { serviceNamed } from '@/why/explain-reach.ts'
import { cluesIn } from '@/why/log-clues.ts'
import { why } from '@/why/why.ts'
import { refTo } from '@/world/world.ts'
import { type ListOf, make, makePod, worldOf } from '../support/objects.ts'

const NOW = Date.parse('2026-01-02T00:00:00Z')

describe('cluesIn()', () => {
  it.each([
    ['dial tcp: lookup shop-db on 10.96.0.10:53: no such host', 'shop-db'],
    ['Error: getaddrinfo ENOTFOUND shop-db', 'shop-db'],
    ['getaddrinfo EAI_AGAIN shop-db.shop.svc.cluster.local', 'shop-db.shop.svc.cluster.local'],
    ['curl: (6) Could not resolve host: shop-db', 'shop-db'],
    ["wget: bad address 'shop-db:8080'", 'shop-db'],
    ['wget: unable to resolve host address ‘shop-db’', 'shop-db'],
    ['psql: error: could not translate host name "shop-db" to address: Name or service not known', 'shop-db'],
    ['java.net.UnknownHostException: shop-db', 'shop-db'],
    ['nginx: [emerg] host not found in upstream "shop-db" in /etc/nginx/nginx.conf:3', 'shop-db'],
    ['Could not connect to Redis at shop-db:6379: Name or service not known', 'shop-db'],
  ])('finds the name that is not known: %s', (line, host) => {
    expect(cluesIn([line])).toMatchObject([{ kind: 'name', host }])
  })

  it.each([
    ['dial tcp 10.96.3.4:5432: i/o timeout', '10.96.3.4', 5432],
    ['2026-11-27T12:30:01Z dial tcp 10.96.3.4:5432: i/o timeout', '10.96.3.4', 5432],
    ['Error: connect ECONNREFUSED 10.96.3.4:80', '10.96.3.4', 80],
    ['curl: (28) Failed to connect to shop-db port 80 after 2001 ms: Timeout was reached', 'shop-db', 80],
    ['connection to server at "shop-db" (10.96.3.4), port 5432 failed: Connection timed out', 'shop-db', 5432],
    ['(UNKNOWN) [10.96.3.4] 80 (http) : Connection timed out', '10.96.3.4', 80],
    ["wget: can't connect to remote host (10.96.3.4): Connection refused", '10.96.3.4', undefined],
  ])('finds the connection that failed: %s', (line, host, port) => {
    expect(cluesIn([line])).toMatchObject([{ kind: 'connection', host, port }])
  })

  it('finds what it connects to in what was written before', () => {
    const lines = ['Connecting to 10.96.3.4 (10.96.3.4:80)', 'wget: download timed out']
    expect(cluesIn(lines)).toEqual([{ kind: 'connection', host: '10.96.3.4', port: 80, line: lines[1] }])
  })

  it('says what was written last first, and nothing of other lines', () => {
    const lines = ['lookup a: no such host', 'starting at 12:30:01', 'lookup b: no such host', 'bye']
    expect(cluesIn(lines).map(({ host }) => host)).toEqual(['b', 'a'])
  })

  it('takes no time over lines that were made to take some', () => {
    const from = performance.now()
    cluesIn(Array.from({ length: 8 }, () => `refused ${'a.'.repeat(50_000)}`))
    expect(performance.now() - from).toBeLessThan(5_000)
  })
})

describe('serviceNamed()', () => {
  const isNamespace = (name: string) => name === 'data'
  it.each([
    ['db', { name: 'db', namespace: 'shop' }],
    ['db.data', { name: 'db', namespace: 'data' }],
    ['db.data.svc', { name: 'db', namespace: 'data' }],
    ['db-0.db.data.svc.cluster.local.', { name: 'db', namespace: 'data' }],
    ['example.com', undefined],
    ['www.example.com', undefined],
  ])('reads %s as the DNS of the cluster does', (host, service) => {
    expect(serviceNamed(host, 'shop', isNamespace)).toEqual(service)
  })
})

const crashed = make(Pod, 'web-1', {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', image: 'shop:2' }], restartPolicy: 'Always', nodeName: 'n1' } as Pod['spec'],
  status: {
    phase: 'Running',
    podIP: '10.244.0.5',
    podIPs: [{ ip: '10.244.0.5' }],
    containerStatuses: [
      {
        name: 'main',
        ready: false,
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 1 } },
      },
    ],
  } as unknown as Pod['status'],
})
const behind = makePod('db-1', {
  labels: { app: 'db' },
  node: 'n2',
  status: { podIP: '10.244.1.7', podIPs: [{ ip: '10.244.1.7' }] },
})
const service = make(Service, 'db', {
  spec: { selector: { app: 'db' }, clusterIP: '10.96.3.4', ports: [{ port: 80, targetPort: 8080 }] } as Service['spec'],
})
const policy = (name: string, spec: Partial<NetworkPolicy['spec']>) =>
  make(NetworkPolicy, name, { spec: { podSelector: {}, ...spec } as NetworkPolicy['spec'] })
const namespaces: ListOf = [Namespace, ['default', 'data'].map(name => make(Namespace, name))]

const ask = (line: string, ...lists: ListOf[]) =>
  why(worldOf([Pod, [crashed, behind]], [Service, [service]], namespaces, ...lists), refTo(Pod, crashed), NOW, () => [
    'starting',
    line,
  ])
const told = (cause: Cause | undefined) => (cause ? tell(cause) : '')
const facts = (cause: Cause | undefined) =>
  chainOf(cause as Cause).flatMap(({ evidence }) => evidence.flatMap(each => (each.kind === 'fact' ? [each.text] : [])))
const fixes = (cause: Cause | undefined) =>
  chainOf(cause as Cause).flatMap(each => each.fixes.map(({ title }) => title))

describe('why does it not reach what it needs?', () => {
  it('names the service that does not exist, and those that do', () => {
    const cause = ask('lookup shop-db: no such host')
    expect(told(cause)).toMatch(
      /exit code 1.*it asks for shop-db, and there is no service shop-db in namespace default\.$/,
    )
    expect(facts(cause)).toEqual(['lookup shop-db: no such host', 'Services in default are called db.'])
    expect(fixes(cause)).toContain('Edit the container in Pod web-1')
  })

  it('tells what a service of another namespace is called from here', () => {
    const cause = ask('lookup cache: no such host', [Service, [service, make(Service, 'cache', {}, 'data')]])
    expect(facts(cause)).toContain('From here, service cache of namespace data is called cache.data.')
    expect(fixes(cause)).toContain('Open Service cache')
  })

  it('tells names from outside as such', () =>
    expect(told(ask('lookup api.example.com: no such host'))).toContain(
      'api.example.com, a name that DNS does not know',
    ))

  it('finds the policy that does not let it in', () => {
    const cause = ask('dial tcp 10.96.3.4:80: i/o timeout', [
      NetworkPolicy,
      [policy('db-only', { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'], ingress: [] })],
    ])
    expect(told(cause)).toContain('network policy db-only of service db does not let it in on port 8080')
    expect(facts(cause).join()).toContain('no rule allows connections from default/web-1 on TCP 8080')
    expect(fixes(cause)).toContain('Edit NetworkPolicy db-only')
  })

  it('finds the policy that does not let it out, by the name that it calls', () => {
    const cause = ask('Failed to connect to db port 80 after 2001 ms: Timeout was reached', [
      NetworkPolicy,
      [policy('closed', { policyTypes: ['Egress'] })],
    ])
    expect(told(cause)).toContain('network policy closed does not let it connect to service db on port 8080')
  })

  it('blames no policy that lets it through', () => {
    const open = policy('open', { policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] })
    expect(told(ask('dial tcp 10.96.3.4:80: i/o timeout', [NetworkPolicy, [open]]))).toMatch(
      /exit code 1; .* 3 times\.$/,
    )
  })

  it('finds that nothing is behind the service, or that it has no such port', () => {
    const idle = make(Service, 'idle', { spec: { ...service.spec, selector: { app: 'none' }, clusterIP: '10.96.3.5' } })
    expect(told(ask('connect ECONNREFUSED 10.96.3.5:80', [Service, [service, idle]]))).toContain(
      'service idle has no endpoint that is ready',
    )
    expect(told(ask('connect ECONNREFUSED 10.96.3.4:81'))).toContain('service db has no port 81')
  })

  it('finds the policy that keeps it from the DNS of the cluster, where pods serve it', () => {
    const dns = make(
      Service,
      'kube-dns',
      { spec: { selector: { app: 'dns' }, clusterIP: '10.96.0.10' } as never },
      'kube-system',
    )
    const server = makePod('coredns-1', { labels: { app: 'dns' }, node: 'n2' }, 'kube-system')
    const cause = ask(
      'lookup db: i/o timeout',
      [Service, [service, dns]],
      [Pod, [crashed, behind, server]],
      [NetworkPolicy, [policy('closed', { policyTypes: ['Egress'] })]],
    )
    expect(told(cause)).toContain('network policy closed does not let it connect to the DNS of the cluster on port 53')
  })

  it('says nothing more of what it cannot know', () =>
    expect(told(ask('dial tcp 192.0.2.1:443: i/o timeout'))).toMatch(/exit code 1; .* 3 times\.$/))
})
