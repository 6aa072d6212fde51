// The network as a user meets it: a whole cluster, Deployments behind Services, policies and their explanation.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseIdentity, WIREGUARD_ANNOTATION } from '../../src/agent/network/wireguard/identity.ts'
import type { Node } from '../../src/shared/api/core/v1.ts'
import type { ConnectionSummary } from '../../src/shared/machinery/connection-summary.ts'
import { clientImage } from './support/client-image.ts'
import { cli, Cluster, execute, until } from './support/cluster.ts'

let cluster: Cluster
let image: string
const kubectl = (...args: string[]) => cluster.run('kubectl', args)
const apply = async (manifest: object) => {
  const { code, stderr } = await cluster.run('kubectl', ['apply', '-f', '-'], JSON.stringify(manifest))
  expect(stderr).toBe('')
  expect(code).toBe(0)
}

beforeAll(async () => {
  image = clientImage()
  cluster = await Cluster.start([
    ...['--nodeport-addresses', '127.0.0.0/8'],
    ...['--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48'],
    ...['--service-cluster-ip-range', '10.96.0.0/16,fd00:10:96::/112'],
  ])
  await cluster.nodeReady()
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** Node itself, from this machine: what the image has takes fewer connections at once than the test makes. */
const SERVER = `
  const server = require('http').createServer((_, response) => response.end(process.argv[1] + '\\n')).listen(8080)
  process.on('SIGTERM', () => server.close(() => process.exit(0)))`

/** What it is loaded from. */
const HOST_FOLDERS = { node: dirname(process.execPath), usr: '/usr', lib: '/lib', lib64: '/lib64' }

/** A web server that answers with its release, and goes on answering while it is being taken out of service. */
const web = (replicas: number, release: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 30,
        volumes: Object.entries(HOST_FOLDERS).map(([name, path]) => ({ name, hostPath: { path } })),
        containers: [
          {
            name: 'web',
            image,
            imagePullPolicy: 'Never',
            command: ['chroot', '/host', process.execPath, '-e', SERVER, release],
            volumeMounts: Object.entries(HOST_FOLDERS).map(([name, path]) => ({ name, mountPath: `/host${path}`, readOnly: true })), // prettier-ignore
            ports: [{ name: 'http', containerPort: 8080 }],
            readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
            lifecycle: { preStop: { sleep: { seconds: 12 } } },
          },
        ],
      },
    },
  },
})
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http', nodePort: 30_980 }] },
}
const client = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image, imagePullPolicy: 'Never', command: ['sleep', '3600'] }],
  },
})

interface Load {
  readonly answered: Map<string, number>
  readonly failures: string[]
  stop(): Promise<void>
}

/** A new connection for every request, at a steady rate. */
function load(url: string, perSecond: number): Load {
  const answered = new Map<string, number>()
  const failures: string[] = []
  const open = new Set<Promise<void>>()
  const one = () =>
    new Promise<void>(resolve => {
      const fail = (why: string) => {
        failures.push(`${((performance.now() - started) / 1000).toFixed(1)} s: ${why}`)
        resolve()
      }
      request(url, { agent: false, timeout: 20_000 }, response => {
        let text = ''
        response.on('data', chunk => (text += String(chunk)))
        response.on('error', error => fail(error.message))
        response.on('end', () => {
          if (response.statusCode !== 200) return fail(`status ${response.statusCode}`)
          answered.set(text.trim(), (answered.get(text.trim()) ?? 0) + 1)
          resolve()
        })
      })
        .on('timeout', () => fail('timeout'))
        .on('error', error => fail(error.message))
        .end()
    })
  const send = () => {
    const sent = one()
    open.add(sent)
    void sent.then(() => open.delete(sent))
  }
  const started = performance.now()
  let count = 0
  const timer = setInterval(() => {
    for (; count < ((performance.now() - started) / 1000) * perSecond; count++) send()
  }, 5)
  return {
    answered,
    failures,
    async stop() {
      clearInterval(timer)
      await Promise.all(open)
    },
  }
}

describe('the network of a cluster', () => {
  it('drops no request of 200 a second through a Service while its Deployment is rolled over', async () => {
    await apply(web(3, 'one'))
    await apply(service)
    await until(
      'three replicas',
      async () => (await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')).code === 0,
    )
    const { stdout: clusterIP } = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
    const urls = [`http://${clusterIP}/`, 'http://127.0.0.1:30980/']
    for (const url of urls) await until(`${url} answers`, async () => (await fetch(url)).ok)
    const started = performance.now()
    const perSecond = (counts: number[]) => (counts.reduce((a, b) => a + b) / (performance.now() - started)) * 1000
    const loads = urls.map(url => load(url, 100))
    await apply(web(3, 'two'))
    const { code } = await kubectl('rollout', 'status', 'deployment/web', '--timeout=100s')
    expect(code).toBe(0)
    await until('only the new release answers', async () => {
      const { stdout } = await kubectl('get', 'pods', '-l', 'app=web', '--no-headers')
      return stdout.trim().split('\n').length === 3
    })
    await Promise.all(loads.map(({ stop }) => stop()))
    for (const { failures, answered } of loads) {
      expect(failures).toEqual([])
      expect([...answered.keys()].sort()).toEqual(['one', 'two'])
      expect(perSecond([...answered.values()])).toBeGreaterThan(90)
    }
  })

  it('answers at the addresses for node ports that `serve` was told, and no others', async () => {
    const { stdout: nodeIP } = await kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[0].address}')
    expect((await fetch('http://127.0.0.1:30980/')).status).toBe(200)
    await expect(fetch(`http://${nodeIP}:30980/`)).rejects.toThrow('fetch failed')
  })

  it('serves an Ingress with TLS once its class exists', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-tls-'))
    const [crt, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
    const subject = ['-subj', '/CN=web.test', '-addext', 'subjectAltName=DNS:web.test']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', ...subject, '-keyout', key, '-out', crt], { stdio: 'ignore' }) // prettier-ignore
    expect((await kubectl('create', 'secret', 'tls', 'web-tls', `--cert=${crt}`, `--key=${key}`)).code).toBe(0)
    await apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'flotilla', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      spec: { controller: 'flotilla.dev/ingress' },
    })
    const backend = { service: { name: 'web', port: { number: 80 } } }
    await apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web' },
      spec: {
        tls: [{ hosts: ['web.test'], secretName: 'web-tls' }],
        rules: [{ host: 'web.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
      },
    })
    const address = await until('the Ingress has an address', async () =>
      (await kubectl('get', 'ingress', 'web', '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}')).stdout.trim(),
    )
    const curl = (...args: string[]) => execute('curl', ['-s', '-m', '3', ...args])
    await until('it answers over TLS', async () => {
      const { stdout } = await curl('--cacert', crt, '--resolve', `web.test:443:${address}`, 'https://web.test/')
      return stdout.trim() === 'two'
    })
    expect((await curl('-H', 'Host: web.test', `http://${address}/`)).stdout.trim()).toBe('two')
    expect((await curl('-o', '/dev/null', '-w', '%{http_code}', `http://${address}/`)).stdout).toBe('404')
    rmSync(folder, { recursive: true })
  })

  it('gives pods and Services an address of each family, in a cluster of both', async () => {
    await apply(client('friend'))
    await apply(client('stranger'))
    await until(
      'clients run',
      async () =>
        (await kubectl('wait', '--for=condition=Ready', 'pod/friend', 'pod/stranger', '--timeout=30s')).code === 0,
    )
    const shown = async (what: string, path: string) =>
      (await kubectl('get', ...what.split(' '), '-o', `jsonpath=${path}`)).stdout.trim()
    expect(await shown('nodes', '{.items[0].status.conditions[?(@.type=="IPv6Unavailable")].status}')).toBe('False')
    // The machine may have none of IPv6; each that it has is told once, the IPv4 one first.
    const own = (await shown('nodes', '{.items[0].status.addresses[?(@.type=="InternalIP")].address}')).split(' ')
    expect(own[0]).toMatch(/^\d+\./)
    expect(new Set(own).size).toBe(own.length)
    expect(await shown('service kube-dns -n kube-system', '{.spec.clusterIPs[*]}')).toBe('10.96.0.10 fd00:10:96::a')
    const [, ip6 = ''] = (await shown('pod friend', '{.status.podIPs[*].ip}')).split(' ')
    expect(ip6).toMatch(/^fd00:10:244:/)
    expect(await kubectl('exec', 'friend', '--', 'cat', '/etc/hosts')).toEqual({
      code: 0,
      stdout: expect.stringContaining(`${ip6}\tfriend`) as string,
      stderr: '',
    })

    const { spec } = service
    const ports = [{ port: 80, targetPort: 'http' }]
    const both = { selector: spec.selector, ipFamilyPolicy: 'RequireDualStack', ports }
    await apply({ ...service, metadata: { name: 'both' }, spec: both })
    const name = 'both.default.svc.cluster.local'
    await until('it answers over IPv6', async () => {
      const { stdout } = await kubectl('exec', 'friend', '--', 'curl', '-6', '-s', '-m', '2', `http://${name}/`)
      return stdout.trim() === 'two'
    })
    expect((await kubectl('exec', 'friend', '--', 'dig', '+short', '@fd00:10:96::a', 'AAAA', name)).stdout.trim()).toBe(
      await shown('service both', '{.spec.clusterIPs[1]}'),
    )
  })

  it('keeps to a NetworkPolicy, and explains it', async () => {
    const get = async (from: string) =>
      (
        await kubectl('exec', from, '--', 'curl', '-s', '-m', '2', 'http://web.default.svc.cluster.local/')
      ).stdout.trim()
    expect(await get('stranger')).toBe('two')
    await apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'web-friends' },
      spec: {
        podSelector: { matchLabels: { app: 'web' } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }], ports: [{ port: 'http' }] }],
      },
    })
    await until('the stranger is shut out', async () => (await get('stranger')) === '')
    expect(await get('friend')).toBe('two')
    expect((await fetch('http://127.0.0.1:30980/')).status).toBe(200) // the pods' own node

    const node = await cluster.nodeReady()
    const connections = await cluster.kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/flotilla/connections`)
    const { denied: shutOut } = JSON.parse(connections) as ConnectionSummary
    const { stdout: strangerIP } = await kubectl('get', 'pod', 'stranger', '-o', 'jsonpath={.status.podIP}')
    expect(shutOut.map(({ from }) => from)).toContainEqual({ kind: 'pod', ip: strangerIP, namespace: 'default', name: 'stranger' }) // prettier-ignore

    const counted = await cluster.kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/flotilla/metrics`)
    expect(counted).toMatch(/^flotilla_dns_answers_total{.*source="cluster",rcode="NOERROR"} [1-9]/m)
    expect(counted).toMatch(/^kubeproxy_network_programming_duration_seconds_count{ip_family="IPv6"} [1-9]/m)
    for (const port of [10_249, 10_256]) expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)

    const explain = (...args: string[]) => cli('explain', 'connection', '--data-dir', cluster.dataDir, ...args)
    const denied = await explain('stranger', 'svc/web')
    expect(denied.code).toBe(3)
    expect(denied.stdout).toMatch(
      /^default\/stranger \(10\.[\d.]+\) → default\/web-\S+ \(10\.[\d.]+\) TCP 8080: denied$/m,
    )
    expect(denied.stdout).toContain('default/web-friends ingress[0] allows the port, but not default/stranger.')
    const allowed = await explain('friend', 'svc/web', '-o', 'json')
    expect(allowed.code).toBe(0)
    const [first] = JSON.parse(allowed.stdout) as { verdict: { allowed: boolean; steps: { reason: string }[] } }[]
    expect(first?.verdict.steps.map(({ reason }) => reason)).toEqual([
      'No policy selects default/friend for egress: everything is allowed.',
      'default/web-friends allows it: ingress[0].',
    ])
    expect((await explain('friend', 'svc/web', '81')).stderr).toBe('flotilla: say which port of the service: 80/TCP\n')
    expect((await explain('friend', 'nobody', '80')).stderr).toBe('flotilla: there is no pod default/nobody\n')
  })
})

describe('a machine whose network overlaps the cluster’s', () => {
  const ip = (...args: string[]) => execFileSync('ip', args)
  beforeAll(() => {
    ip('link', 'add', 'flt-vpn', 'type', 'bridge')
    ip('address', 'add', '10.244.77.1/24', 'dev', 'flt-vpn')
    ip('link', 'set', 'flt-vpn', 'up')
  })
  afterAll(() => {
    execFileSync('sh', ['-c', 'ip link delete flt-vpn 2>/dev/null || true'])
  })

  it('does not become Ready, says why, and becomes it once that is mended, with its traffic encrypted if wanted', async () => {
    await cluster.stop()
    expect((await cluster.reset()).code).toBe(0)
    const fresh = await Cluster.start(['--network-backend', 'wireguard'])
    try {
      const message = await until('the node says why', async () => {
        const path = '{.items[0].status.conditions[?(@.type=="Ready")].message}'
        const text = await fresh.kubectl('get', 'nodes', '-o', `jsonpath=${path}`)
        return text.includes('overlaps') && text
      })
      expect(message).toContain("The cluster's range for pods, 10.244.0.0/16, overlaps 10.244.77.0/24, which this host reaches through flt-vpn") // prettier-ignore
      ip('link', 'delete', 'flt-vpn')
      await fresh.nodeReady()
      await until('the node tells its key', async () => {
        const { items } = JSON.parse(await fresh.kubectl('get', 'nodes', '-o', 'json')) as { items: Node[] }
        const [{ metadata, status }] = items as [Node]
        const isEncrypted = status.conditions?.some(
          ({ type, status: holds }) => type === 'WireGuard' && holds === 'True',
        )
        return isEncrypted && parseIdentity(metadata.annotations?.[WIREGUARD_ANNOTATION])
      })
      const kept = await fresh.kubectl('get', 'configmap', '-n', 'kube-system', 'flotilla-cluster-ranges', '-o', 'jsonpath={.data.networkBackend}') // prettier-ignore
      expect(kept).toBe('wireguard')
    } finally {
      await fresh[Symbol.asyncDispose]()
      await cluster.start()
    }
  })
})
