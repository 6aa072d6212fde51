import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { NodeEvents } from '../../src/agent/kubelet/node/node-events.ts'
import { checkOnce } from '../../src/agent/kubelet/probes/check.ts'
import type { ContainerRuntime, RuntimeContainer } from '../../src/agent/kubelet/runtime/contract.ts'
import { specHashOf } from '../../src/agent/kubelet/spec/containers.ts'
import { computeActions } from '../../src/agent/kubelet/sync/actions.ts'
import { pendingUpdates } from '../../src/agent/kubelet/sync/resize.ts'
import { presentRun } from '../../src/agent/kubelet/sync/restart-all.ts'
import { CrashBackoff } from '../../src/agent/kubelet/sync/crash-backoff.ts'
import { mountsOf } from '../../src/agent/kubelet/volumes/container-mounts.ts'
import { hostTools } from '../../src/agent/kubelet/volumes/mounts.ts'
import { credentialsFor, repositoryOf } from '../../src/agent/kubelet/images/pull-secrets.ts'
import {
  type Payload,
  type Written,
  assertSafePath,
  writeAtomically,
} from '../../src/agent/kubelet/volumes/atomic-writer.ts'
import { fieldValue, resourceValue } from '../../src/agent/kubelet/spec/downward.ts'
import { expand } from '../../src/agent/kubelet/spec/expansion.ts'
import { hostnameOf, hostsFile, resolvConfOf } from '../../src/agent/kubelet/spec/names.ts'
import { limitsOf, oomScoreAdj } from '../../src/agent/kubelet/spec/resources.ts'
import { securityOf } from '../../src/agent/kubelet/spec/security.ts'
import { serviceVariables } from '../../src/agent/kubelet/spec/service-env.ts'
import type { Container, Node, NodeStatus, Pod, Secret, Service } from '../../src/shared/api/core/v1.ts'
import { ManualClock } from '../support/manual-clock.ts'

const pod = (spec: Partial<Pod['spec']> = {}, status: Pod['status'] = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec: { containers: [], ...spec },
  status,
})
const container = (fields: Partial<Container> = {}): Container => ({ name: 'c', image: 'i', ...fields })

describe('expand()', () => {
  const lookup = (name: string) => ({ A: 'x', B: '$(A)' })[name]
  it.each([
    ['$(A)', 'x'],
    ['$(B)', '$(A)'],
    ['$(NO)', '$(NO)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$x'],
    ['$A', '$A'],
    ['a$', 'a$'],
    ['$(A', '$(A'],
    ['-$(A)-$(A)-', '-x-x-'],
  ])('turns %s into %s', (text, expected) => expect(expand(text, lookup)).toBe(expected))
})

describe('the downward API', () => {
  const own = container({ resources: { limits: { cpu: '250m' } } })
  const facts = { nodeName: 'n', podIPs: [], hostIPs: [], allocatable: { cpu: '4', memory: '8Gi' } }
  const limit = (spec: Partial<Pod['spec']>, resource: string, divisor: string) =>
    resourceValue(pod({ containers: [own], ...spec }), own, { resource, divisor }, facts)
  it("tells a container's own limit, else its pod's, else what the node has", () => {
    const resources = { limits: { cpu: '2', memory: '64Mi' } }
    expect(limit({ resources }, 'limits.cpu', '1m')).toBe('250')
    expect(limit({ resources }, 'limits.memory', '1Mi')).toBe('64')
    expect(limit({}, 'limits.memory', '1Mi')).toBe('8192')
  })
})

test('addresses are told: the first one, or all of them in a row', () => {
  const facts = {
    nodeName: 'n',
    hostIPs: ['192.0.2.1', '2001:db8::1'],
    podIPs: ['10.1.0.2', 'fd00::2'],
    allocatable: {},
  }
  const told = ['hostIP', 'hostIPs', 'podIP', 'podIPs'].map(name =>
    fieldValue({ metadata: {} } as Pod, { fieldPath: `status.${name}` }, facts),
  )
  expect(told).toEqual(['192.0.2.1', '192.0.2.1,2001:db8::1', '10.1.0.2', '10.1.0.2,fd00::2'])
})

test('labels and annotations are told in lines, quoted as Go quotes', () => {
  const annotations = { b: 'two\nlines', a: 'say "ä" \\', c: '\x07\x7f\u00a0\u{1f600}' }
  const pod = { metadata: { annotations } } as unknown as Pod
  const facts = { nodeName: 'n', hostIPs: [], podIPs: [], allocatable: {} }
  expect(fieldValue(pod, { fieldPath: 'metadata.annotations' }, facts)).toBe(
    ['a="say \\"ä\\" \\\\"', 'b="two\\nlines"', 'c="\\a\\x7f\\u00a0😀"'].join('\n'),
  )
})

describe('restart back-off', () => {
  it('is none for the first restart, then 10 s doubling to 5 min, and forgotten after ten quiet minutes', async () => {
    const clock = new ManualClock()
    const backoff = new CrashBackoff(clock)
    const delays: number[] = []
    for (let i = 0; i < 8; i++) {
      const { waitMs } = backoff.remaining('k', clock.now())
      delays.push(waitMs / 1000)
      await clock.advance(waitMs)
      backoff.next('k')
    }
    expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
    await clock.advance(16 * 60_000)
    expect(backoff.remaining('k', clock.now()).waitMs).toBe(0)
  })
})

describe('limits', () => {
  const node = { memoryBytes: 1024 ** 3, podPidsLimit: 0 }
  it('turns cpu into shares and quota, memory into bytes', () => {
    const resources = { requests: { cpu: '500m' }, limits: { cpu: '2', memory: '128Mi' } }
    expect(limitsOf(pod(), container({ resources }), node)).toMatchObject({
      cpuShares: 512,
      cpuQuota: 200_000,
      cpuPeriod: 100_000,
      memoryBytes: 128 * 1024 ** 2,
    })
  })
  it('gives a container without requests the fewest shares and no quota', () => {
    expect(limitsOf(pod(), container(), node)).toMatchObject({ cpuShares: 2, cpuQuota: 0, memoryBytes: 0 })
  })
  it('orders the OOM killer by quality of service', () => {
    const half = container({ resources: { requests: { memory: '512Mi' } } })
    expect(oomScoreAdj(pod({}, { qosClass: 'Guaranteed' }), half, node.memoryBytes)).toBe(-997)
    expect(oomScoreAdj(pod({}, { qosClass: 'Burstable' }), half, node.memoryBytes)).toBe(500)
    expect(oomScoreAdj(pod({}, { qosClass: 'BestEffort' }), half, node.memoryBytes)).toBe(1000)
  })
})

describe('security contexts', () => {
  const none = {
    readProfile: () => Promise.reject(new Error('no profile')),
    primaryGroup: () => Promise.reject(new Error('no image')),
  }
  it("the container's setting wins over the pod's", async () => {
    const given = pod({ securityContext: { runAsUser: 1, fsGroup: 9, supplementalGroups: [7] } })
    const merged = await securityOf(given, container({ securityContext: { runAsUser: 2, runAsGroup: 3 } }), '', none)
    expect(merged).toMatchObject({ user: '2:3', supplementalGroups: [7, 9] })
  })
  it.each([
    ['the image runs as root', {}, '', 'image will run as root'],
    ['the image runs as root, in more digits', {}, '00', 'image will run as root'],
    ['the image runs as a user that no kernel has', {}, '2147483648', 'image has an invalid user id (2147483648)'],
    ['the image names its user', {}, 'nobody', 'non-numeric user (nobody)'],
    ['runAsUser is 0', { runAsUser: 0 }, '1000', 'breaks non-root policy'],
  ])('runAsNonRoot refuses when %s', async (_what, fields, imageUser, message) => {
    const strict = container({ securityContext: { runAsNonRoot: true, ...fields } })
    await expect(securityOf(pod(), strict, imageUser, none)).rejects.toThrow(message)
  })
  it('a profile of the node is never the word by which the engine enforces none', async () => {
    const named = (localhostProfile: string) =>
      container({ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile } } })
    expect(await securityOf(pod(), named('own'), '', none)).toMatchObject({ appArmor: 'own' })
    await expect(securityOf(pod(), named('unconfined'), '', none)).rejects.toThrow(
      'apparmor profile not found unconfined',
    )
  })
})

describe('a sandbox that an agent before this one made', () => {
  const container = (fields: object) =>
    ({ id: 'sandbox', name: '', state: 'running', attempt: 0, createdAt: '2026-01-01T00:00:05Z', ...fields }) as RuntimeContainer // prettier-ignore
  const wants = (containers: RuntimeContainer[], connected?: string) => {
    const runtime = { uid: 'u', name: 'web', namespace: 'shop', sandboxes: [container({})], containers }
    const spec = { containers: [{ name: 'c', image: 'i' }] }
    return computeActions(pod(spec), runtime, { failed: () => undefined, started: () => true }, connected)
  }
  const c = { id: 'c', name: 'c', specHash: specHashOf({ name: 'c', image: 'i' }) }

  it('is made anew when nothing started in it: its network may be missing', () => {
    expect(wants([]).createSandbox).toBe(true)
    expect(wants([container({ ...c, state: 'created', createdAt: '2026-01-01T00:00:06Z' })]).createSandbox).toBe(true)
    expect(wants([container({ ...c, state: 'exited', createdAt: '2026-01-01T00:00:01Z' })]).createSandbox).toBe(true)
  })
  it('is kept when something started in it, or when this agent made it', () => {
    expect(wants([container({ ...c, createdAt: '2026-01-01T00:00:06Z' })]).createSandbox).toBe(false)
    expect(wants([], 'sandbox')).toMatchObject({ createSandbox: false, start: [{ name: 'c' }] })
  })
})

describe('a resize', () => {
  it('reaches an init container that runs, and leaves alone one that has ended', () => {
    const sized = (cpu: string) => pod({ initContainers: [container({ name: 'i', resources: { limits: { cpu } } })] })
    const node = { memoryBytes: 2 ** 30, podPidsLimit: -1 }
    const updates = (state: RuntimeContainer['state']) => {
      const actual = limitsOf(sized('1'), container(), node)
      const made: Partial<RuntimeContainer> = { id: 'i', name: 'i', state, actual }
      const runtime = {
        uid: 'u',
        name: 'web',
        namespace: 'shop',
        sandboxes: [],
        containers: [made as RuntimeContainer],
      }
      return pendingUpdates(sized('2'), runtime, node).map(({ spec, limits }) => [spec.name, limits.cpuQuota])
    }
    expect(updates('running')).toEqual([['i', 200_000]])
    expect(updates('exited')).toEqual([])
  })
  it('restarts a container whose policy wants that for what only its request tells, and no other', () => {
    const node = { memoryBytes: 2 ** 30, podPidsLimit: -1 }
    const sized = (memory: string, restartPolicy: string) =>
      pod({
        containers: [
          container({
            resources: { requests: { memory }, limits: { memory: '64Mi' } },
            resizePolicy: [{ resourceName: 'memory', restartPolicy }],
          }),
        ],
      })
    const restarts = (restartPolicy: string, id = 'old') => {
      const [before, now] = [sized('16Mi', restartPolicy), sized('32Mi', restartPolicy)]
      const actual = limitsOf(before, before.spec.containers[0]!, node)
      const made: Partial<RuntimeContainer> = { id, name: container().name, state: 'running', actual }
      const runtime = {
        uid: 'u',
        name: 'web',
        namespace: 'shop',
        sandboxes: [],
        containers: [made as RuntimeContainer],
      }
      const had = new Map([['old', before.spec.containers[0]!.resources!]])
      return pendingUpdates(now, runtime, node, had).map(({ restart }) => restart)
    }
    expect(restarts('RestartContainer')).toEqual([true])
    expect(restarts('NotRequired')).toEqual([])
    expect(restarts('RestartContainer', 'new')).toEqual([])
  })
})

describe('a container whose probe failed', () => {
  const probe = (seconds: number) => ({ exec: { command: ['true'] }, terminationGracePeriodSeconds: seconds })
  const spec: Container = { name: 'c', image: 'i', startupProbe: probe(5), livenessProbe: probe(7) }
  const running = (name: string, specHash: string) =>
    ({ id: name, name, state: 'running', attempt: 0, createdAt: '2026-01-01T00:00:06Z', specHash }) as RuntimeContainer
  const killed = (fails: 'startup' | 'liveness' | undefined, ran = spec) =>
    computeActions(
      pod({ containers: [spec] }),
      {
        uid: 'u',
        name: 'web',
        namespace: 'shop',
        sandboxes: [running('', '')],
        containers: [running('c', specHashOf(ran))],
      },
      { failed: () => fails, started: () => fails !== 'startup' },
      '',
    ).kill.map(({ message, graceSeconds }) => ({ message, graceSeconds }))

  it('has the grace period of that probe to end', () => {
    expect(killed('startup')).toEqual([
      { message: 'Container c failed startup probe, will be restarted', graceSeconds: 5 },
    ])
    expect(killed('liveness')).toEqual([
      { message: 'Container c failed liveness probe, will be restarted', graceSeconds: 7 },
    ])
  })
  it('has that of the pod when it is replaced for another reason', () => {
    expect(killed(undefined, { ...spec, image: 'older' })).toEqual([
      { message: 'Container c definition changed, will be restarted', graceSeconds: undefined },
    ])
  })
})

describe('the run that a rule ends with RestartAllContainers', () => {
  const restartPolicyRules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }]
  const end = '2026-01-01T00:00:10Z'
  const made = (name: string, fields: object) =>
    ({ id: name, name, state: 'running', createdAt: '2026-01-01T00:00:11Z', startError: '', ...fields }) as RuntimeContainer // prettier-ignore
  const trigger = made('source', { state: 'exited', exitCode: 42, finishedAt: end })
  const runOf = (other: RuntimeContainer) =>
    presentRun(pod({ containers: [{ name: 'source', restartPolicyRules }, { name: 'other' }] }), {
      uid: 'u',
      name: 'web',
      namespace: 'shop',
      sandboxes: [],
      containers: [trigger, other],
    })

  it('has in it what was still being made for it while it ended', () => {
    const other = made('other', { runSinceMs: Number.NEGATIVE_INFINITY })
    expect(runOf(other).leftOver).toEqual([other])
    expect([...runOf(other).restarting].sort()).toEqual(['other', 'source'])
  })
  it('is followed by one of what was made after that was seen', () => {
    const { leftOver, restarting } = runOf(made('other', { runSinceMs: Date.parse(end) }))
    expect([leftOver, [...restarting]]).toEqual([[], ['source']])
  })
})

describe('read-only mounts', () => {
  const mountsWith = (mode: string, recursiveReadOnlyMounts: boolean) => {
    const volumeMounts = [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: mode }]
    const volumes = new Map([['v', { path: '/somewhere', readOnly: false, block: false }]])
    return mountsOf(container({ volumeMounts }), volumes, new Map(), { podDir: '/pod', dataDir: '/', tools: hostTools, recursiveReadOnlyMounts }) // prettier-ignore
  }
  it('cover the mounts below them where that is asked for and the engine can', async () => {
    expect((await mountsWith('Enabled', true))[0]?.recursiveReadOnly).toBe(true)
    expect((await mountsWith('IfPossible', true))[0]?.recursiveReadOnly).toBe(true)
    expect((await mountsWith('IfPossible', false))[0]?.recursiveReadOnly).toBeUndefined()
    expect((await mountsWith('Disabled', true))[0]?.recursiveReadOnly).toBeUndefined()
    await expect(mountsWith('Enabled', false)).rejects.toThrow('does not support recursive read-only mounts')
  })
})

describe('names inside the pod', () => {
  const node = { nodeName: 'n', nodeIP: '10.0.0.1', clusterDNS: '10.96.0.10', clusterDomain: 'cluster.local' }
  const host = { nameservers: ['9.9.9.9'], searches: ['lan'], options: ['edns0'] }
  it('resolve through the cluster by default, through the host with policy Default', () => {
    expect(resolvConfOf(pod(), node, host).text).toBe(
      'nameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local lan\noptions ndots:5\n',
    )
    expect(resolvConfOf(pod({ dnsPolicy: 'Default' }), node, host).text).toContain('nameserver 9.9.9.9')
    expect(resolvConfOf(pod({ hostNetwork: true }), node, host).text).toContain('nameserver 9.9.9.9')
    expect(resolvConfOf(pod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), node, host).text).toContain(
      '10.96.0.10',
    )
  })
  it('resolve through nothing but what dnsConfig says with policy None', () => {
    const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'] }
    expect(resolvConfOf(pod({ dnsPolicy: 'None', dnsConfig }), node, host).text).toBe(
      'nameserver 1.1.1.1\nsearch resolv.conf.local\n',
    )
  })

  it('dnsConfig adds servers and overrides options by name', () => {
    const dnsConfig = { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }] }
    expect(resolvConfOf(pod({ dnsConfig }), node, host).text).toMatch(/nameserver 1\.1\.1\.1\n.*\noptions ndots:2\n$/)
  })
  it('more servers and search paths than resolvers read are left out, and that is told', () => {
    const nameservers = ['1.1.1.1', '1.1.1.2', '1.1.1.3']
    const searches = Array.from({ length: 30 }, (_, i) => `domain-${i}.example.com`)
    const { text, warnings } = resolvConfOf(pod({ dnsConfig: { nameservers, searches } }), node, host)
    expect(text.match(/^nameserver/gm)).toHaveLength(3)
    expect(/^search (.*)$/m.exec(text)?.[1]?.split(' ')).toHaveLength(32)
    expect(warnings).toEqual([
      'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.96.0.10 1.1.1.1 1.1.1.2',
      expect.stringMatching(/^Search Line limits were exceeded, some search paths have been omitted, the applied search line is: shop\.svc\.cluster\.local /),
    ]) // prettier-ignore
    const long = { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], searches: ['a'.repeat(2_000), 'b'.repeat(60)] } } // prettier-ignore
    expect(resolvConfOf(pod(long), node, host).text).toContain(`search ${'a'.repeat(2_000)}\n`)
  })
  it('are one alone, without the subdomain, for a pod whose name is overridden', () => {
    const spec = { subdomain: 'sub', hostname: 'web', hostnameOverride: 'other' }
    expect(hostsFile(pod(spec), ['10.0.0.1'], 'cluster.local', '')).toContain('10.0.0.1\tother\n')
  })

  it('subdomain and host aliases stand in /etc/hosts; long names are cut', () => {
    const text = hostsFile(
      pod({ subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] }),
      ['10.1.1.1'],
      'cluster.local',
      '',
    )
    expect(text).toContain('10.1.1.1\tweb.sub.shop.svc.cluster.local\tweb')
    expect(text).toContain('1.2.3.4\ta\tb')
    expect(hostnameOf({ ...pod(), metadata: { ...pod().metadata, name: `${'a'.repeat(62)}-b` } })).toBe('a'.repeat(62))
  })
})

describe('service variables', () => {
  const service = (name: string, namespace: string, clusterIP = '10.96.0.5'): Service =>
    ({
      metadata: { name, namespace },
      spec: { clusterIP, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    }) as Service
  const all = [
    service('my-db', 'shop'),
    service('kubernetes', 'default', '10.96.0.1'),
    service('other', 'else'),
    service('headless', 'shop', 'None'),
  ]
  it("are those of the pod's namespace and of the API server", () => {
    const variables = serviceVariables(all, 'shop', true)
    expect(variables.get('MY_DB_SERVICE_HOST')).toBe('10.96.0.5')
    expect(variables.get('MY_DB_SERVICE_PORT_HTTP')).toBe('80')
    expect(variables.get('MY_DB_PORT_80_TCP_ADDR')).toBe('10.96.0.5')
    expect(variables.get('KUBERNETES_PORT')).toBe('tcp://10.96.0.1:80')
    expect([...variables.keys()].some(name => /^(OTHER|HEADLESS)/.test(name))).toBe(false)
  })
  it('are only those of the API server when links are off', () => {
    expect([...serviceVariables(all, 'shop', false).keys()].every(name => name.startsWith('KUBERNETES_'))).toBe(true)
  })
})

describe('pull secrets', () => {
  const secret = (auths: object): Secret =>
    ({
      metadata: { uid: 'u', namespace: 'shop', name: 'pull' },
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    }) as unknown as Secret
  const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') })
  it('match by registry host, the most specific path first', () => {
    const found = credentialsFor('ghcr.io/org/app:1', [
      secret({ 'ghcr.io': auth('a:1'), 'ghcr.io/org': auth('b:2'), 'quay.io': auth('c:3') }),
    ])
    expect(found.map(({ auth: { username } }) => username)).toEqual(['b', 'a'])
    expect(found[0]?.source).toMatchObject({ uid: 'u', namespace: 'shop', name: 'pull' })
    expect(found[0]?.source.hash).not.toBe(found[1]?.source.hash)
  })
  it.each([
    ['*.kubernetes.io', 'abc.kubernetes.io', true],
    ['*.kubernetes.io', 'abc.def.kubernetes.io', false],
    ['*.kubernetes.io', 'kubernetes.io', false],
    ['*.*.kubernetes.io', 'abc.def.kubernetes.io', true],
    ['prefix.*.io', 'prefix.kubernetes.io', true],
    ['*-good.kubernetes.io', 'prefix-good.kubernetes.io', true],
    ['kubernetes?.io', 'kubernetes1.io', true],
    ['kubernetes[0-9].io', 'kubernetesx.io', false],
    ['kubernetes[^0-9].io', 'kubernetesx.io', true],
    ['k8s.*', 'k8s.io', true],
    ['k8s.*', 'k8s.io:5000', false],
    ['*.example.com:5000', 'a.example.com:5000', true],
    ['[a.example.com', 'a.example.com', false],
    ['a+b.example.com', 'aab.example.com', false],
  ])('of %s are for %s: %s', (key, host, isFor) => {
    expect(credentialsFor(`${host}/app:1`, [secret({ [key]: auth('a:1') })])).toHaveLength(isFor ? 1 : 0)
  })
  it('know the names of Docker Hub', () => {
    expect(repositoryOf('nginx')).toBe('docker.io/library/nginx')
    expect(repositoryOf('localhost:5000/x:1')).toBe('localhost:5000/x')
    expect(credentialsFor('nginx', [secret({ 'https://index.docker.io/v1/': auth('u:p') })])).toHaveLength(1)
  })
})

describe('paths in projected volumes', () => {
  it.each(['../x', '/x', 'a/../../x', '..data', '', 'a//b', './a'])('%j is refused', path =>
    expect(() => assertSafePath(path)).toThrow('invalid path'),
  )
})

describe('the files of a projected volume', () => {
  const payload = (text: string): Payload => new Map([['key', { bytes: Buffer.from(text), mode: 0o644 }]])
  let folder: string
  let written: Written
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-projected-'))
    written = new Map()
    await writeAtomically(folder, payload('one'), { written })
  })
  afterEach(() => rm(folder, { recursive: true }))
  const text = () => readFile(join(folder, 'key'), 'utf8')

  it('are written again when they are to say something else, and not before', async () => {
    expect(await writeAtomically(folder, payload('one'), { written })).toBe(false)
    expect(await writeAtomically(folder, payload('two'), { written })).toBe(true)
    expect(await text()).toBe('two')
    expect(await writeAtomically(folder, payload('one'), { written })).toBe(true)
    expect(await text()).toBe('one')
  })

  it('are put back when somebody removes one', async () => {
    await rm(join(folder, '..data', 'key'))
    expect(await writeAtomically(folder, payload('one'), { written })).toBe(true)
    expect(await text()).toBe('one')
  })

  it('are read once by an agent that did not write them, and put right', async () => {
    expect(await writeAtomically(folder, payload('one'), { written: new Map() })).toBe(false)
    await writeFile(join(folder, 'key'), 'changed')
    expect(await writeAtomically(folder, payload('one'), { written: new Map() })).toBe(true)
    expect(await text()).toBe('one')
  })
})

describe('an HTTP probe', () => {
  it.each([
    ['/elsewhere', { healthy: true, warning: true, output: 'Probe terminated redirects, Response body: moved' }],
    ['/here', { healthy: true, output: 'fine' }],
    ['/broken', { healthy: false, output: 'HTTP probe failed with statuscode: 500' }],
    ['/round', { healthy: false, output: expect.stringMatching(/^Get ".*": stopped after 10 redirects$/) as string }],
    ['/ä b?c=d e', { healthy: true, output: 'fine /%C3%A4%20b?c=d%20e a, b' }],
  ])('of %s', async (path, outcome) => {
    const server = createServer(({ url, headers }, answer) => {
      if (url === '/elsewhere') answer.writeHead(302, { location: 'http://0.0.0.0/' }).end('moved')
      else if (url === '/round') answer.writeHead(302, { location: '/round' }).end()
      else if (url?.startsWith('/%')) answer.end(`fine ${url} ${headers['x-twice']?.toString()}`)
      else if (url === '/here') answer.writeHead(302, { location: '/fine' }).end()
      else answer.writeHead(url === '/broken' ? 500 : 200).end('fine')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const target = { container: container(), containerId: 'x', podIP: '127.0.0.1' }
    const httpHeaders = ['a', 'b'].map(value => ({ name: 'X-Twice', value }))
    expect(await checkOnce({} as ContainerRuntime, { httpGet: { path, port, httpHeaders } }, target)).toEqual(outcome)
    server.close()
  })
})

describe('events about the node', () => {
  const told: string[] = []
  const events = new NodeEvents({
    event: (_about, type, reason, message) => told.push(`${type} ${reason}: ${message}`),
  })
  const condition = (type: string, status: string) => ({ type, status })
  const status = (bootID: string, memory: string, ready: string): NodeStatus =>
    ({
      nodeInfo: { bootID },
      conditions: [condition('MemoryPressure', memory), condition('Ready', ready)],
    }) as NodeStatus
  const node = (before: NodeStatus = {}, unschedulable = false) =>
    ({ metadata: { name: 'n' }, spec: { unschedulable }, status: before }) as Node
  const since = (action: () => void) => {
    told.length = 0
    action()
    return told
  }

  it('tell once that it started, then each change of what it is short of, is ready for and may take', () => {
    expect(since(() => events.seen(node()))).toEqual(['Normal Starting: Starting kubelet.'])
    expect(since(() => events.reported(node(), status('1', 'False', 'False')))).toEqual([
      'Normal NodeHasSufficientMemory: Node n status is now: NodeHasSufficientMemory',
    ])
    const before = status('1', 'False', 'False')
    expect(since(() => events.reported(node(before), status('1', 'False', 'True')))).toEqual([
      'Normal NodeReady: Node n status is now: NodeReady',
    ])
    expect(since(() => events.reported(node(before), status('2', 'True', 'False')))).toEqual([
      'Warning Rebooted: Node n has been rebooted, boot id: 2',
      'Normal NodeHasInsufficientMemory: Node n status is now: NodeHasInsufficientMemory',
    ])
    const cordoned = () => events.seen(node({}, true))
    expect(since(cordoned)).toEqual(['Normal NodeNotSchedulable: Node n status is now: NodeNotSchedulable'])
    expect(since(cordoned)).toEqual([])
    expect(since(() => events.seen(node()))).toEqual(['Normal NodeSchedulable: Node n status is now: NodeSchedulable'])
  })
})
