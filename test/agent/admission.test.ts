// What a node refuses, and what it changes in place: over real Docker.
import { cpus } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Event, Node, Pod } from '../../src/shared/api/core/v1.ts'
import { ResourceClaim } from '../../src/shared/api/resource/v1.ts'
import { RuntimeClass } from '../../src/shared/api/node/v1.ts'
import { besideResizes, compareResizes } from '../../src/agent/kubelet/admission/resize-order.ts'
import { eventually } from '../support/eventually.ts'
import { docker, imageWithFiles } from './support/node.ts'
import { TestNode, isReady, statusOf } from './support/test-node.ts'

let node: TestNode
const namespace = 'default'
beforeAll(async () => {
  node = await TestNode.start()
})
afterAll(() => node?.[Symbol.asyncDispose]())

const eventsOf = async (name: string) =>
  (await node.client.list(Event, { namespace })).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`)
const told = (name: string, what: string | RegExp) =>
  eventually(async () =>
    (await eventsOf(name)).some(text => (typeof what === 'string' ? text === what : what.test(text))),
  )
const idOf = (pod: Pod) => statusOf(pod).containerID!.replace('docker://', '')
const inside = (pod: Pod, ...command: string[]) => docker('exec', idOf(pod), ...command)
const resize = (name: string, resources: object) =>
  node.client.patch(
    Pod,
    { namespace, name },
    { spec: { containers: [{ name: 'main', resources }] } },
    { subresource: 'resize' },
  )
const conditionOf = (pod: Pod, type: string) => pod.status.conditions?.find(condition => condition.type === type)

describe('a pod that cannot run on the node it was bound to fails with a reason', () => {
  it('SysctlForbidden for a kernel setting that reaches beyond the pod', async () => {
    await node.run('sysctl', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1000' }] } })
    const pod = await node.until('sysctl', ({ status }) => status.phase === 'Failed')
    expect(pod.status).toMatchObject({
      reason: 'SysctlForbidden',
      message: 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
    })
    await told('sysctl', 'SysctlForbidden: forbidden sysctl: "kernel.msgmax" not allowlisted')
    await node.remove('sysctl')
  })
  it('NodeAffinity where its selector does not match the node', async () => {
    await eventually(async () => (await node.client.get(Node, { name: node.nodeName })).metadata.labels !== undefined)
    await node.run('selector', { nodeSelector: { disk: 'none' } })
    const pod = await node.until('selector', ({ status }) => status.phase === 'Failed')
    expect(pod.status).toMatchObject({
      reason: 'NodeAffinity',
      message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    })
    await node.remove('selector')
  })
  it("but not where the node was labelled a moment ago, nor for resources that are not the node's to count", async () => {
    await node.client.patch(Node, { name: node.nodeName }, { metadata: { labels: { speed: 'high' } } })
    const wants = { 'example.com/licence': '1' }
    await node.run('labelled', {
      nodeSelector: { speed: 'high' },
      containers: [{ ...node.container(), resources: { requests: wants, limits: wants } }],
    })
    await node.ready('labelled')
    await node.remove('labelled')
  })
  it('NodePorts where another pod has the port of the node that it wants', async () => {
    const withPort = { ...node.container(), ports: [{ containerPort: 80, hostPort: 21_017 }] }
    await node.run('has-port', { containers: [withPort] })
    await node.until('has-port', isReady)
    await node.run('wants-port', { containers: [withPort] })
    const pod = await node.until('wants-port', ({ status }) => status.phase === 'Failed')
    expect(pod.status).toMatchObject({
      reason: 'NodePorts',
      message:
        "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    })
    await node.remove('wants-port')
    await node.remove('has-port')
  })
  it('OutOfcpu where the node has less than it requests', async () => {
    await node.run('greedy', { containers: [{ ...node.container(), resources: { requests: { cpu: '900' } } }] })
    const pod = await node.until('greedy', ({ status }) => status.phase === 'Failed')
    expect(pod.status.reason).toBe('OutOfcpu')
    expect(pod.status.message).toMatch(
      /^Pod was rejected: Node didn't have enough resource: cpu, requested: 900000, used: 0, capacity: \d+000$/,
    )
    await node.remove('greedy')
  })
  it('but not for what a pod still uses that the API let go already', async () => {
    const resources = { requests: { cpu: `${cpus().length * 1000 - 10}m` } }
    const stubborn = node.container("trap '' TERM; sleep 100000 & wait; wait")
    await node.run('held', { terminationGracePeriodSeconds: 20, containers: [{ ...stubborn, resources }] })
    const id = idOf(await node.ready('held'))
    await node.client.delete(Pod, { namespace: 'default', name: 'held' }, { gracePeriodSeconds: 0 })
    await node.run('next', { containers: [{ ...node.container(), resources }] })
    await node.ready('next')
    expect(docker('inspect', '-f', '{{.State.Running}}', id)).toBe('true')
    docker('kill', id)
    await node.remove('next')
  })
  it('AppArmor where the kernel enforces no profiles', async () => {
    await node.run('apparmor', { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } } })
    const pod = await node.until('apparmor', ({ status }) => status.phase === 'Failed')
    expect(pod.status.message).toBe('Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host')
    await node.remove('apparmor')
  })
})

describe('a critical pod that the node is too full for', () => {
  const milli = cpus().length * 1000
  const wants = (cpu: string) => [{ ...node.container(), resources: { requests: { cpu } } }]
  const critical = { priorityClassName: 'system-node-critical', priority: 2_000_001_000 }

  it('runs in the place of a pod that matters less, which is told why it went', async () => {
    await node.run('small', { containers: wants('1m') })
    await node.run('large', { containers: wants(`${milli - 2}m`) })
    await Promise.all([node.ready('small'), node.ready('large')])
    await node.run('critical', { ...critical, containers: wants('10m') })
    await node.ready('critical')
    const { status } = await node.until('large', pod => pod.status.phase === 'Failed')
    expect(status).toMatchObject({ reason: 'Preempting', message: 'Preempted in order to admit critical pod' })
    expect(status.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'TerminationByKubelet',
      message: 'Pod was preempted by Kubelet to accommodate a critical pod.',
    })
    await told('large', 'Preempting: Preempted in order to admit critical pod')
    expect(isReady(await node.get('small'))).toBe(true)
    await Promise.all(['small', 'large', 'critical'].map(name => node.remove(name)))
  })

  it('is refused where even an empty node would not do, and nobody goes for it', async () => {
    await node.run('stays', { containers: wants('1m') })
    await node.ready('stays')
    await node.run('vast', { ...critical, containers: wants('900') })
    const { status } = await node.until('vast', pod => pod.status.phase === 'Failed')
    expect(status).toMatchObject({
      reason: 'UnexpectedAdmissionError',
      message: `Pod was rejected: Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: ${900_000 - milli}), ]`,
    })
    expect(isReady(await node.get('stays'))).toBe(true)
    await Promise.all(['stays', 'vast'].map(name => node.remove(name)))
  })
})

describe('a sandbox that cannot be made is told by an event, and tried again', () => {
  const unmasked = { securityContext: { procMount: 'Unmasked' } }
  it.each([
    ['a user namespace of the pod’s own', {}],
    ['a /proc without masks, which needs one', unmasked],
  ])('for %s; the pod’s condition says so as well', async (_what, container) => {
    await node.run('users', { hostUsers: false, containers: [{ ...node.container(), ...container }] })
    const why =
      'hostUsers: false is not supported: Docker cannot give a pod a user namespace of its own; without it, the pod runs with the users of the node'
    await told('users', `FailedCreatePodSandBox: Failed to create pod sandbox: ${why}`)
    const { status } = await node.until(
      'users',
      pod => conditionOf(pod, 'PodReadyToStartContainers')?.reason !== undefined,
    )
    expect(status.conditions?.find(({ type }) => type === 'PodReadyToStartContainers')).toMatchObject({
      status: 'False',
      reason: 'FailedCreatePodSandBox',
      message: why,
    })
    expect(status).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }],
    })
    await node.remove('users')
  })
  it('for a RuntimeClass whose handler the engine does not have, and runs it once it does', async () => {
    await node.client.create(RuntimeClass, { metadata: { name: 'odd' }, handler: 'odd' })
    await node.run('class', { runtimeClassName: 'odd' })
    await told(
      'class',
      'FailedCreatePodSandBox: Failed to create pod sandbox: failed to get sandbox runtime: no runtime for "odd" is configured',
    )
    await node.remove('class')
    await node.client.create(RuntimeClass, { metadata: { name: 'plain' }, handler: 'runc' })
    await node.run('plain', { runtimeClassName: 'plain' })
    const pod = await node.ready('plain')
    expect(docker('inspect', '-f', '{{.HostConfig.Runtime}}', idOf(pod))).toBe('runc')
    await node.remove('plain')
  })
  it('for a full host name that the kernel cannot hold', async () => {
    await node.run('fqdn', { hostname: 'h'.repeat(60), subdomain: 'sub', setHostnameAsFQDN: true })
    await told('fqdn', /is too long \(64 characters is the max, 90 characters requested\)$/)
    await node.remove('fqdn')
  })
})

describe('a network that cannot connect pods', () => {
  const problem = 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:broken'
  it('is told by events and the node, and only keeps pods that need it', async () => {
    const { podNetwork } = node.network
    podNetwork.problem = problem
    await node.run('waiting')
    await told('waiting', `NetworkNotReady: network is not ready: ${problem}`)
    await node.run('host', { hostNetwork: true })
    await node.ready('host')
    const condition = async () => {
      const { status } = await node.client.get(Node, { name: node.nodeName })
      return status.conditions?.find(({ type }) => type === 'Ready')
    }
    await eventually(async () => (await condition())?.status === 'False', 30_000)
    expect(await condition()).toMatchObject({ reason: 'KubeletNotReady', message: `[${problem}]` })
    podNetwork.problem = undefined
    await node.ready('waiting')
    await node.remove('host')
  })
  it('is told by an event when it cannot disconnect one, which is tried again', async () => {
    const { podNetwork } = node.network
    const { tearDown } = podNetwork
    const { uid } = (await node.get('waiting')).metadata
    podNetwork.tearDown = () => Promise.reject(new Error('a plugin is "stuck"'))
    await node.client.delete(Pod, { namespace: 'default', name: 'waiting' })
    const text = `error killing pod: failed to "KillPodSandbox" for "${uid}" with KillPodSandboxError: "a plugin is \\"stuck\\""`
    await told('waiting', `FailedKillPod: ${text}`)
    podNetwork.tearDown = tearDown
    await eventually(async () => (await node.client.list(Pod, { namespace: 'default' })).items.length === 0, 20_000)
  })
})

describe('what a container got', () => {
  it('is in its status: user, groups, mounts, resources', async () => {
    await node.run('got', {
      securityContext: {
        runAsUser: 1001,
        runAsGroup: 2002,
        supplementalGroups: [3003],
        supplementalGroupsPolicy: 'Strict',
      },
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        {
          ...node.container(),
          resources: { requests: { cpu: '10m' }, limits: { memory: '64Mi' } },
          volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }],
        },
      ],
    })
    const pod = await node.ready('got')
    expect(statusOf(pod)).toMatchObject({
      user: { linux: { uid: 1001, gid: 2002, supplementalGroups: [2002, 3003] } },
      volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true, recursiveReadOnly: 'Disabled' }],
      allocatedResources: { cpu: '10m', memory: '64Mi' },
      resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
    })
    await node.remove('got')
  })
  it('leaves out the groups of the image where groups are strict, but for the first one of its user', async () => {
    const passwd = 'app:x:1001:1500::/:/bin/sh\n'
    const image = imageWithFiles(node.image, { '/etc/passwd': passwd, '/etc/group': 'app:x:1500:\nextra:x:1600:app\n' })
    const containers = [{ ...node.container(), image }]
    const groupsOf = async (name: string, supplementalGroupsPolicy: string) => {
      await node.run(name, { securityContext: { runAsUser: 1001, supplementalGroupsPolicy }, containers })
      return statusOf(await node.ready(name)).user?.linux
    }
    expect(await groupsOf('merged', 'Merge')).toEqual({ uid: 1001, gid: 1500, supplementalGroups: [1500, 1600] })
    expect(await groupsOf('strict', 'Strict')).toEqual({ uid: 1001, gid: 1500, supplementalGroups: [1500] })
    await node.remove('merged')
    await node.remove('strict')
    docker('rmi', image)
  })
  it('is the last word of its own where a volume is mounted in place of the termination message', async () => {
    await node.run('last-word', {
      restartPolicy: 'Never',
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        {
          ...node.container('echo goodbye > /dev/termination-log'),
          volumeMounts: [{ name: 'v', mountPath: '/dev/termination-log/' }],
        },
      ],
    })
    const pod = await node.until('last-word', ({ status }) => status.phase === 'Succeeded')
    expect(statusOf(pod).state?.terminated?.message).toBe('goodbye\n')
    await node.remove('last-word')
  })
})

describe('resizing in place', () => {
  it('changes cpu and memory of the running container, and says so', async () => {
    const resources = { requests: { cpu: '50m', memory: '32Mi' }, limits: { cpu: '100m', memory: '64Mi' } }
    await node.run('resize', { containers: [{ ...node.container(), resources }] })
    const before = await node.ready('resize')
    const larger = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } }
    await resize('resize', larger)
    const after = await node.until('resize', pod => statusOf(pod).resources?.limits?.memory === '128Mi')
    expect(statusOf(after)).toMatchObject({
      containerID: statusOf(before).containerID!,
      restartCount: 0,
      resources: larger,
      allocatedResources: larger.requests,
    })
    expect(docker('inspect', '-f', '{{.HostConfig.CpuQuota}} {{.HostConfig.Memory}}', idOf(after))).toBe(
      '20000 134217728',
    )
    await node.until('resize', pod => !conditionOf(pod, 'PodResizeInProgress') && pod.status.observedGeneration === 2)
    await told('resize', /^ResizeStarted: /)
    await told('resize', /^ResizeCompleted: Pod resize completed: .*"memory":"128Mi"/)
    await node.remove('resize')
  })
  it('restarts the container where its policy wants that', async () => {
    const resources = { requests: { memory: '32Mi' }, limits: { memory: '64Mi' } }
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
    await node.run('restart', { containers: [{ ...node.container(), resources, resizePolicy }] })
    await node.ready('restart')
    await resize('restart', { requests: { memory: '32Mi' }, limits: { memory: '96Mi' } })
    const after = await node.until('restart', pod => statusOf(pod).restartCount === 1 && isReady(pod))
    expect(docker('inspect', '-f', '{{.HostConfig.Memory}}', idOf(after))).toBe('100663296')
    await told('restart', 'Killing: Container main resize requires restart')
    await node.remove('restart')
  })
  it('is infeasible where no room will ever be, and taken back by asking for less', async () => {
    await node.run('huge', { containers: [{ ...node.container(), resources: { requests: { cpu: '10m' } } }] })
    await node.ready('huge')
    const key = { name: node.nodeName }
    const { cpu } = (await node.client.get(Node, key)).status.allocatable!
    const say = (amount: string | number | undefined) =>
      node.client.patch(Node, key, { status: { allocatable: { cpu: amount } } }, { subresource: 'status' })
    // The API server goes by what the node said last.
    await eventually(async () => {
      await say('1000')
      await resize('huge', { requests: { cpu: '900' } })
    })
    await say(cpu)
    const pod = await node.until('huge', p => conditionOf(p, 'PodResizePending')?.status === 'True')
    expect(conditionOf(pod, 'PodResizePending')).toMatchObject({ reason: 'Infeasible' })
    expect(conditionOf(pod, 'PodResizePending')?.message).toMatch(
      /^Node didn't have enough capacity: cpu, requested: 900000, capacity: \d+$/,
    )
    expect(statusOf(pod).allocatedResources).toEqual({ cpu: '10m' })
    await resize('huge', { requests: { cpu: '20m' } })
    await node.until('huge', p => !conditionOf(p, 'PodResizePending') && statusOf(p).allocatedResources?.cpu === '20m')
    await node.remove('huge')
  })
  it('waits for room that another pod has, and goes on when that pod ends', async () => {
    const cpus = Number((await node.client.get(Node, { name: node.nodeName })).status.allocatable?.cpu)
    await node.run('other', {
      containers: [{ ...node.container(), resources: { requests: { cpu: `${cpus * 1000 - 100}m` } } }],
    })
    await node.ready('other')
    await node.run('waits', { containers: [{ ...node.container(), resources: { requests: { cpu: '50m' } } }] })
    await node.ready('waits')
    await resize('waits', { requests: { cpu: '500m' } })
    await node.until('waits', p => conditionOf(p, 'PodResizePending')?.reason === 'Deferred')
    await node.remove('other')
    await node.until(
      'waits',
      p => statusOf(p).resources?.requests?.cpu === '500m' && !conditionOf(p, 'PodResizePending'),
    )
    await node.remove('waits')
  })
  it('gives room that is not enough for all to the pod that matters more, however long another one has waited', async () => {
    const cpus = Number((await node.client.get(Node, { name: node.nodeName })).status.allocatable?.cpu)
    const asks = (cpu: number) => ({ requests: { cpu: `${cpu}m` } })
    const run = async (name: string, cpu: number, more: Partial<Pod['spec']> = {}) => {
      await node.run(name, { containers: [{ ...node.container(), resources: asks(cpu) }], ...more })
      await node.ready(name)
    }
    const isDeferred = (pod: Pod) => conditionOf(pod, 'PodResizePending')?.reason === 'Deferred'
    await run('holder', cpus * 1000 - 200)
    await run('patient', 50)
    await run('urgent', 50, { priorityClassName: 'system-node-critical', priority: 2_000_001_000 })
    const wanted = cpus * 600
    await resize('patient', asks(wanted))
    await node.until('patient', isDeferred)
    await resize('urgent', asks(wanted))
    await node.until('urgent', isDeferred)
    await node.remove('holder')
    await node.until('urgent', pod => statusOf(pod).resources?.requests?.cpu !== '50m' && !conditionOf(pod, 'PodResizePending')) // prettier-ignore
    expect(isDeferred(await node.get('patient'))).toBe(true)
    expect(statusOf(await node.get('patient')).allocatedResources?.cpu).toBe('50m')
    await node.remove('urgent')
    await node.until('patient', pod => !conditionOf(pod, 'PodResizePending'))
    await node.remove('patient')
  })
})

describe('resizes that wait for room', () => {
  const pod = (uid: string, cpu: string, spec: Partial<Pod['spec']> = {}, qosClass = 'Burstable') =>
    ({
      metadata: { uid },
      spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }], ...spec },
      status: { qosClass },
    }) as unknown as Pod
  const waiting = (uid: string, sinceMs: number, wanted: string, spec: Partial<Pod['spec']> = {}, qos?: string) => ({
    wanted: pod(uid, wanted, spec, qos),
    allocated: pod(uid, '1', spec, qos),
    sinceMs,
  })
  const uids = (pods: readonly Pod[]) => pods.map(({ metadata, spec }) => `${metadata.uid} ${spec.containers[0]?.resources?.requests?.cpu}`) // prettier-ignore

  it('come in upstream’s order: those that ask for no more, priority, guaranteed pods, time', () => {
    const all = [
      waiting('late', 9, '2'),
      waiting('early', 1, '2'),
      waiting('guaranteed', 9, '2', {}, 'Guaranteed'),
      waiting('important', 9, '2', { priority: 5 }),
      waiting('less', 9, '500m', { priority: -5 }),
    ]
    expect(all.toSorted(compareResizes).map(({ wanted }) => wanted.metadata.uid)).toEqual([
      ...['less', 'important', 'guaranteed', 'early', 'late'],
    ])
  })
  it('count as done for those behind them where there is room for them, and not where there is none', () => {
    const [late, early] = [waiting('late', 9, '2'), waiting('early', 1, '3')]
    const others = [pod('early', '1'), pod('idle', '1')]
    expect(uids(besideResizes(late, [early], others, { cpu: '5', pods: '9' }))).toEqual(['idle 1', 'early 3'])
    expect(uids(besideResizes(late, [early], others, { cpu: '4', pods: '9' }))).toEqual(['early 1', 'idle 1'])
    expect(uids(besideResizes(early, [late], others, { cpu: '9', pods: '9' }))).toEqual(['early 1', 'idle 1'])
  })
})

describe('a debugging container', () => {
  it('joins the running pod, sees the process of its target, and is not restarted', async () => {
    await node.run('debug')
    const before = await node.ready('debug')
    const debugger_ = { ...node.container('ps > /tmp/seen; cat /tmp/seen', 'debugger'), targetContainerName: 'main' }
    await node.client.patch(
      Pod,
      { namespace, name: 'debug' },
      { spec: { ephemeralContainers: [debugger_] } },
      { subresource: 'ephemeralcontainers' },
    )
    const pod = await node.until('debug', p =>
      Boolean(p.status.ephemeralContainerStatuses?.some(({ state }) => state?.terminated)),
    )
    const [status] = pod.status.ephemeralContainerStatuses!
    expect(status).toMatchObject({ name: 'debugger', restartCount: 0, state: { terminated: { reason: 'Completed' } } })
    expect(docker('logs', status!.containerID!.replace('docker://', ''))).toContain('sleep 100000')
    expect(isReady(pod)).toBe(true)
    expect(statusOf(pod).containerID).toBe(statusOf(before).containerID)
    expect(inside(pod, 'hostname')).toBe('debug')
    await node.remove('debug')
  })
})

it('a pod waits for a claim that it may not use, and for the driver of its devices; no devices need no driver', async () => {
  const waits = 'FailedPrepareDynamicResources: Failed to prepare dynamic resources: prepare dynamic resources:'
  const withClaim = async (name: string, spec: ResourceClaim['spec']) => {
    const { metadata: claim } = await node.client.create(ResourceClaim, { metadata: { namespace, name }, spec })
    const { metadata: pod } = await node.run(name, {
      containers: [{ ...node.container(), resources: { claims: [{ name: 'gpu' }] } }],
      resourceClaims: [{ name: 'gpu', resourceClaimName: name }],
    })
    return { pod, claim }
  }
  const allocate = ({ name, uid }: { name: string; uid: string }, devices: object) =>
    node.client.patch(
      ResourceClaim,
      { namespace, name },
      { status: { allocation: { devices }, reservedFor: [{ resource: 'pods', name, uid }] } },
      { type: 'merge', subresource: 'status' },
    )
  const requests = [{ name: 'r', exactly: { deviceClassName: 'gpu' } }]
  const [some, none] = await Promise.all([withClaim('some', { devices: { requests } }), withClaim('none', {})])
  await told('some', `${waits} pod some (${some.pod.uid}) is not allowed to use ResourceClaim some (${some.claim.uid})`)
  await allocate(none.pod, {})
  await allocate(some.pod, { results: [{ request: 'r', driver: 'gpu.example.com', pool: 'p', device: 'd' }] })
  await told('some', `${waits} DRA driver gpu.example.com is not registered`)
  await node.ready('none')
  expect(statusOf(await node.get('some')).state).toMatchObject({ waiting: { reason: 'ContainerCreating' } })
  await Promise.all([node.remove('some'), node.remove('none')])
})
