// "Why?": for each way in which things go wrong, the sentence that tells it and the fix that mends it.
import { describe, expect, it } from 'vitest'
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../../src/shared/api/autoscaling/v2.ts'
import { Job } from '../../../src/shared/api/batch/v1.ts'
import { ConfigMap, Event, Node, PersistentVolumeClaim, Pod, Secret, Service } from '../../../src/shared/api/core/v1.ts'
import { Host } from '../../../src/shared/api/flotilla/v1.ts'
import { Ingress } from '../../../src/shared/api/networking/v1.ts'
import { StorageClass } from '../../../src/shared/api/storage/v1.ts'
import type { KubeObject } from '../../../src/shared/machinery/object.ts'
import { controllerRef } from '../../../src/shared/machinery/owner.ts'
import type { ResourceType } from '../../../src/shared/machinery/resource-type.ts'
import { type Cause, chainOf, isPassing, tell } from '@/why/cause.ts'
import { why } from '@/why/why.ts'
import { refTo } from '@/world/world.ts'
import { type ListOf, make, makeApp, makeNode, makePod, worldOf } from '../support/objects.ts'

const NOW = Date.parse('2026-01-02T00:00:00Z')
type Status = Record<string, unknown>

const ask = (lists: readonly ListOf[], type: ResourceType<KubeObject>, object: KubeObject): Cause | undefined =>
  why(worldOf(...lists), refTo(type, object), NOW)
const askPod = (pod: Pod, ...lists: ListOf[]) => ask([[Pod, [pod]], ...lists], Pod, pod)
const told = (cause: Cause | undefined) => (cause ? tell(cause) : undefined)
const fixes = (cause: Cause | undefined) =>
  cause ? chainOf(cause).flatMap(each => each.fixes.map(({ title }) => title)) : []
const facts = (cause: Cause | undefined) =>
  cause
    ? chainOf(cause).flatMap(({ evidence }) => evidence.flatMap(each => (each.kind === 'fact' ? [each.text] : ['log'])))
    : []

const event = (about: KubeObject, reason: string, message: string) =>
  make(Event, `${about.metadata.name}.${reason}`, {
    involvedObject: { kind: about.kind, name: about.metadata.name, uid: about.metadata.uid },
    reason,
    message,
    type: 'Warning',
    lastTimestamp: '2026-01-01T00:00:00Z',
  })

/** A pod whose only container is in the given state. */
const podWith = (container: Status, given: { spec?: object; status?: Status } = {}) =>
  makePod('web-1', {
    spec: { containers: [{ name: 'main', image: 'shop:2', ...(given.spec ?? {}) }], restartPolicy: 'Always' },
    status: {
      phase: 'Pending',
      conditions: [],
      containerStatuses: [{ name: 'main', ready: false, restartCount: 0, ...container }],
      ...given.status,
    },
  })
const waiting = (reason: string, message = '') => ({ state: { waiting: { reason, message } } })

describe('why is a pod not running?', () => {
  it('says nothing of a pod that is well', () => expect(askPod(makePod('fine'))).toBeUndefined())

  it.each([
    ['dial tcp: lookup registry.example: no such host', 'the registry of image shop:2 cannot be reached'],
    ['unauthorized: authentication required', 'the registry does not give image shop:2 without a valid pull secret'],
    ['manifest for shop:2 not found: manifest unknown', 'image shop:2 does not exist in its registry'],
    ['something new', 'image shop:2 cannot be pulled'],
  ])('tells image pulls apart: %s', (message, text) => {
    const pod = podWith(waiting('ImagePullBackOff', 'Back-off pulling image "shop:2"'))
    const cause = askPod(pod, [Event, [event(pod, 'Failed', message)]])
    expect(told(cause)).toBe(`Pod web-1 does not start: ${text}.`)
    expect(facts(cause)).toEqual([message])
    expect(fixes(cause)).toEqual(['Edit the image in Pod web-1'])
  })

  it('names a config map that is missing, and offers to create it', () => {
    const cause = askPod(podWith(waiting('CreateContainerConfigError', 'configmap "settings" not found')))
    expect(told(cause)).toBe(
      'Pod web-1 does not start: ConfigMap settings, which container main needs, does not exist in default.',
    )
    expect(fixes(cause)).toEqual(['Create ConfigMap settings', 'Edit the reference in Pod web-1'])
  })

  it('names a key that is missing in a secret', () => {
    const cause = askPod(
      podWith(waiting('CreateContainerConfigError', "couldn't find key password in Secret default/db")),
    )
    expect(told(cause)).toContain('Secret db has no key password')
    expect(fixes(cause)[0]).toBe('Edit Secret db')
  })

  it('tells a crash loop with its exit code and the last lines of the log', () => {
    const pod = podWith({ ...waiting('CrashLoopBackOff'), restartCount: 4, lastState: { terminated: { exitCode: 3 } } })
    const cause = askPod(pod)
    expect(told(cause)).toBe(
      'Pod web-1 is in a crash loop: container main ends with exit code 3; it was started 5 times.',
    )
    expect(facts(cause)).toEqual(['log'])
    expect(fixes(cause)).toContain('Logs of the run that ended')
  })

  it('tells memory from other ends, with the limit', () => {
    const pod = podWith(
      { ...waiting('CrashLoopBackOff'), lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } },
      { spec: { resources: { limits: { memory: '64Mi' } } } },
    )
    expect(told(askPod(pod))).toContain('was killed for using more memory than its limit of 64Mi')
    expect(fixes(askPod(pod))[0]).toBe('Edit the memory limit in Pod web-1')
  })

  it('tells that a liveness probe kills the container', () => {
    const pod = podWith({ ...waiting('CrashLoopBackOff'), lastState: { terminated: { exitCode: 137 } } })
    const cause = askPod(pod, [
      Event,
      [event(pod, 'Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500')],
    ])
    expect(told(cause)).toContain('is killed since its liveness probe fails')
  })

  it('tells it of a program that ends in good order, too, and of no run before or other container', () => {
    const [startedAt, finishedAt] = ['2026-01-01T10:00:00Z', '2026-01-01T10:00:09Z']
    const pod = podWith({
      ...waiting('CrashLoopBackOff'),
      lastState: { terminated: { exitCode: 0, startedAt, finishedAt } },
    })
    const failed = (lastTimestamp: string, container: string) => ({
      ...event(pod, 'Unhealthy', '(combined from similar events): Liveness probe failed: no answer'),
      involvedObject: { ...event(pod, '', '').involvedObject, fieldPath: `spec.containers{${container}}` },
      lastTimestamp,
    })
    const ask = (...at: [string, string]) => told(askPod(pod, [Event, [failed(...at)]]))
    expect(ask(finishedAt, 'main')).toContain('is killed since its liveness probe fails')
    expect(ask('2026-01-01T09:59:59Z', 'main')).toContain('ends by itself without an error')
    expect(ask(finishedAt, 'proxy')).toContain('ends by itself without an error')
  })

  it('tells it of a pod whose events are dropped by now, as it has had very many', () => {
    const [told1st, startedAt, finishedAt] = ['2026-01-01T09:59:50Z', '2026-01-01T10:00:00Z', '2026-01-01T10:00:09Z']
    const ask = (exitCode: number, started: string) => {
      const lastState = { terminated: { exitCode, startedAt, finishedAt } }
      const pod = podWith({ ...waiting('CrashLoopBackOff'), lastState })
      const events = [
        { ...event(pod, 'Started', 'Started container main'), lastTimestamp: started },
        { ...event(pod, 'Unhealthy', 'Liveness probe failed: no answer'), lastTimestamp: told1st },
      ]
      return told(askPod(pod, [Event, events]))
    }
    for (const code of [0, 137, 143]) expect(ask(code, told1st)).toContain('is killed since its liveness probe fails')
    expect(ask(3, told1st), 'by itself').toContain('ends with exit code 3')
    expect(ask(0, startedAt), 'the run is told of').toContain('ends by itself without an error')
  })

  it('tells that a command is missing', () => {
    const pod = podWith({ ...waiting('CrashLoopBackOff'), lastState: { terminated: { exitCode: 127 } } })
    expect(told(askPod(pod))).toContain('the command of container main is not found (exit code 127)')
  })

  it.each(['StartError', 'ContainerCannotRun'])('tells a command with which nothing ever ran: %s', reason => {
    const message = 'exec: "nonsense": executable file not found in $PATH: unknown'
    const pod = podWith(
      {
        ...waiting('CrashLoopBackOff'),
        restartCount: 4,
        lastState: { terminated: { exitCode: 128, reason, message } },
      },
      { spec: { command: ['nonsense', '3600'] } },
    )
    const cause = askPod(pod)
    expect(told(cause)).toBe(
      'Pod web-1 is in a crash loop: the command nonsense of container main cannot be run; it was started 5 times.',
    )
    expect(facts(cause)).toEqual([message])
    expect(fixes(cause)[0]).toBe('Edit the command in Pod web-1')
  })

  it('tells what a readiness probe asks and what it was answered', () => {
    const pod = podWith(
      { state: { running: {} }, started: true },
      { spec: { readinessProbe: { httpGet: { port: 8080, path: '/healthz' } } }, status: { phase: 'Running' } },
    )
    const cause = askPod(pod, [
      Event,
      [event(pod, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 404')],
    ])
    expect(told(cause)).toBe(
      'Pod web-1 is not ready: the readiness probe of container main fails (HTTP GET :8080/healthz).',
    )
    expect(facts(cause)).toEqual(['Readiness probe failed: HTTP probe failed with statuscode: 404'])
  })

  it('names a secret volume that is missing', () => {
    const pod = makePod('web-1', {
      spec: { volumes: [{ name: 'tls', secret: { secretName: 'cert' } }] },
      status: {
        phase: 'Pending',
        conditions: [],
        containerStatuses: [{ name: 'main', ready: false, ...waiting('ContainerCreating') }],
      },
    })
    const cause = askPod(pod, [Secret, []], [Event, [event(pod, 'FailedMount', 'secret "cert" not found')]])
    expect(told(cause)).toBe(
      'Pod web-1 does not start: Secret cert, which volume tls needs, does not exist in default.',
    )
  })

  it('looks at the node before the containers', () => {
    const silent = make(Node, 'n1', {
      status: {
        conditions: [
          {
            type: 'Ready',
            status: 'Unknown',
            lastHeartbeatTime: '2026-01-01T23:50:00Z',
            message: 'Kubelet stopped posting node status.',
          },
        ],
      } as Node['status'],
    })
    const cause = askPod(podWith({ state: { running: {} } }, { status: { phase: 'Running' } }), [Node, [silent]])
    expect(told(cause)).toBe('Pod web-1 is on node n1, which is not well: node n1 has not been heard of for 10m.')
  })

  it('does not blame a node that runs short for what its containers do', () => {
    const short = make(Node, 'n1', {
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'DiskPressure', status: 'True', message: 'kubelet has disk pressure' },
        ],
      } as Node['status'],
    })
    const loops = podWith(waiting('CrashLoopBackOff'), { status: { phase: 'Running' } })
    expect(told(askPod(loops, [Node, [short]]))).toContain('Pod web-1 is in a crash loop')
    const ends = { ...loops, metadata: { ...loops.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' } }
    expect(told(askPod(ends, [Node, [short]]))).toContain('Pod web-1 is ending')
    const starts = podWith(waiting('ContainerCreating'))
    expect(told(askPod(starts, [Node, [short]]))).toContain('node n1 runs out of disk space')
  })

  it('is calm about what is only starting', () => {
    const cause = askPod(podWith(waiting('ContainerCreating')))
    expect(cause && isPassing(cause)).toBe(true)
  })
})

describe('why has a pod no node?', () => {
  const unscheduled = (message: string, spec: object = {}) =>
    makePod('web-1', {
      node: '',
      spec,
      status: {
        phase: 'Pending',
        containerStatuses: [],
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      },
    })
  const node = (name: string, cpu: string) =>
    make(Node, name, {
      status: {
        allocatable: { cpu, memory: '4Gi' },
        conditions: [{ type: 'Ready', status: 'True' }],
      } as unknown as Node['status'],
    })

  it('tells what each node lacks, after what runs there already', () => {
    const asks = (cpu: string) => ({ containers: [{ name: 'main', resources: { requests: { cpu } } }] })
    const pod = unscheduled(
      '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available.',
      asks('2'),
    )
    const other = makePod('other', { node: 'box-2', spec: asks('1500m') })
    const cause = ask(
      [
        [Pod, [pod, other]],
        [Node, [node('box-1', '1'), node('box-2', '2')]],
      ],
      Pod,
      pod,
    )
    expect(told(cause)).toBe('Pod web-1 has no node yet: no node has enough cpu left.')
    expect(facts(cause)).toEqual([
      '2 Insufficient cpu',
      'box-1 would need 1 CPU more (1 CPU free, 2 CPU asked for)',
      'box-2 would need 1.5 CPU more (0.5 CPU free, 2 CPU asked for)',
    ])
  })

  it('names the taint, and the node that has it', () => {
    const cordoned = make(Node, 'n1', {
      spec: { unschedulable: true } as Node['spec'],
      status: { conditions: [{ type: 'Ready', status: 'True' }] } as unknown as Node['status'],
    })
    const cause = askPod(unscheduled('0/1 nodes are available: 1 node(s) were unschedulable.'), [Node, [cordoned]])
    expect(told(cause)).toBe(
      'Pod web-1 has no node yet: the nodes are cordoned, because node n1 is cordoned: it takes no new pods.',
    )
    expect(fixes(cause)).toContain('Uncordon it')
  })

  it.each([
    [
      'disk',
      'DiskPressure',
      '1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.',
      'runs out of disk space',
    ],
    ['memory', 'MemoryPressure', '1 node(s) had untolerated taint(s).', 'runs out of memory'],
  ])(
    'leads to the node where a taint says that it runs short of %s: to tolerate that mends nothing',
    (name, type, told_, state) => {
      const conditions = [
        { type: 'Ready', status: 'True' },
        { type, status: 'True' },
      ]
      const taints = [{ key: `node.kubernetes.io/${name}-pressure`, effect: 'NoSchedule' }]
      const short = make(Node, 'n1', {
        spec: { taints } as unknown as Node['spec'],
        status: { conditions } as unknown as Node['status'],
      })
      const cause = askPod(unscheduled(`0/1 nodes are available: ${told_}`), [Node, [short]])
      expect(told(cause)).toMatch(new RegExp(`does not tolerate, because node n1 ${state}\\.$`))
      expect(fixes(cause)).toEqual(['Drain it', 'See its pods and images'])
    },
  )

  it('takes the taint of a cordoned node for no other obstacle', () => {
    const taintOf = (name: string) => [{ key: `node.kubernetes.io/${name}`, effect: 'NoSchedule' }]
    const nodeWith = (name: string, spec: object, type: string) =>
      make(Node, name, {
        spec: spec as Node['spec'],
        status: { conditions: [{ type, status: 'True' }] } as unknown as Node['status'],
      })
    const nodes = [
      nodeWith('n1', { unschedulable: true, taints: taintOf('unschedulable') }, 'Ready'),
      nodeWith('n2', { taints: taintOf('memory-pressure') }, 'MemoryPressure'),
    ]
    const message =
      '0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate'
    expect(fixes(askPod(unscheduled(message), [Node, nodes]))).not.toContain('Edit the tolerations in Pod web-1')
  })

  it('offers to tolerate what somebody put on nodes, also where others run short', () => {
    const cause = askPod(
      unscheduled(
        '0/2 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 1 node(s) had untolerated taint {gpu: only}.',
      ),
      [Node, [makeNode('n1')]],
    )
    expect(fixes(cause)).toEqual(['Edit the tolerations in Pod web-1'])
  })

  it('says that there is no node at all', () =>
    expect(told(askPod(unscheduled('no nodes available to schedule pods'), [Node, []]))).toBe(
      'Pod web-1 has no node yet: the cluster has no node.',
    ))

  it('goes on to the claim that has no volume', () => {
    const claim = make(PersistentVolumeClaim, 'data', {
      spec: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'] },
      status: { phase: 'Pending' },
    })
    const pod = unscheduled('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.', {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    })
    const cause = askPod(pod, [PersistentVolumeClaim, [claim]], [StorageClass, []], [Node, [makeNode('n1')]])
    expect(told(cause)).toBe('Pod web-1 has no node yet: claim data has no volume: storage class fast does not exist.')
  })
})

describe('why does a workload not come up?', () => {
  const starved = {
    phase: 'Pending',
    conditions: [],
    containerStatuses: [{ name: 'main', ready: false, ...waiting('ErrImagePull', 'not found') }],
  }

  it('tells the cause that its pods share once, and how many have it', () => {
    const app = makeApp('web', 0)
    const pods = ['a', 'b', 'c'].map(name => makePod(`web-${name}`, { owner: app.set, status: starved }))
    const deployment = { ...app.deployment, spec: { ...app.deployment.spec, replicas: 3 } }
    const cause = ask(
      [
        [Deployment, [deployment]],
        [ReplicaSet, [app.set]],
        [Pod, pods],
      ],
      Deployment,
      deployment,
    )
    expect(told(cause)).toBe(
      'Deployment web has 0 of 3 pods available: pod web-a does not start (and 2 more likewise), because image demo does not exist in its registry.',
    )
    expect(fixes(cause)).toEqual(['Edit the image in Deployment web'])
  })

  it('offers the way back when an older revision still serves', () => {
    const app = makeApp('web', 1)
    const at = (revision: number) => ({ 'deployment.kubernetes.io/revision': String(revision) })
    const deployment = {
      ...app.deployment,
      metadata: { ...app.deployment.metadata, annotations: at(2) },
      status: { ...app.deployment.status, updatedReplicas: 0, replicas: 1 },
    }
    const old = { ...app.set, metadata: { ...app.set.metadata, annotations: at(1) } }
    const next = make(ReplicaSet, 'web-2', {
      spec: app.set.spec,
      metadata: { annotations: at(2), ownerReferences: [controllerRef(Deployment, deployment)] },
    })
    const bad = makePod('web-2-0', { owner: next, status: starved })
    const cause = ask(
      [
        [Deployment, [deployment]],
        [ReplicaSet, [old, next]],
        [Pod, [...app.pods, bad]],
      ],
      Deployment,
      deployment,
    )
    expect(told(cause)).toContain('Revision 2 of deployment web does not come up (1 pods of an older one still serve)')
    expect(fixes(cause)[0]).toBe('Roll back to revision 1')
  })

  it('names the quota that refuses its pods', () => {
    const app = makeApp('web', 0)
    const deployment = { ...app.deployment, spec: { ...app.deployment.spec, replicas: 1 } }
    const message = 'pods "web-x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'
    const set = make(ReplicaSet, 'web-1', {
      spec: { ...app.set.spec, replicas: 1 },
      status: { replicas: 0, conditions: [{ type: 'ReplicaFailure', status: 'True', message }] },
      metadata: { ownerReferences: [controllerRef(Deployment, deployment)] },
    })
    const cause = ask(
      [
        [Deployment, [deployment]],
        [ReplicaSet, [set]],
        [Pod, []],
      ],
      Deployment,
      deployment,
    )
    expect(told(cause)).toContain('resource quota small of namespace default leaves no room for another pod')
    expect(fixes(cause)[0]).toBe('Raise ResourceQuota small')
  })

  it.each([
    [make(Job, 'import'), Job, 'Job import has no pod that runs'],
    [make(StatefulSet, 'db', { spec: { replicas: 2 } as never }), StatefulSet, 'Stateful set db has 0 of 2 pods ready'],
    [
      make(DaemonSet, 'agent', { status: { numberReady: 0, desiredNumberScheduled: 1 } as never }),
      DaemonSet,
      'Daemon set agent is ready on 0 of 1 nodes',
    ],
  ])('names the quota that refuses the pods of a $kind', (object, type, text) => {
    const refused = event(object, 'FailedCreate', 'pods "x" is forbidden: exceeded quota: small, requested: pods=1')
    const lists: ListOf[] = [
      [type, [object]],
      [Pod, []],
      [Event, [refused]],
    ]
    const cause = ask(lists, type, object)
    expect(told(cause)).toBe(`${text}: resource quota small of namespace default leaves no room for another pod.`)
    expect(fixes(cause)[0]).toBe('Raise ResourceQuota small')
    expect(cause && isPassing(cause)).toBe(false)
  })

  it('tells how a job gave up, and what its last pod died of', () => {
    const job = make(Job, 'import', {
      status: {
        failed: 3,
        conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }],
      } as Job['status'],
    })
    const pod = makePod('import-x', {
      status: {
        phase: 'Failed',
        conditions: [],
        containerStatuses: [{ name: 'main', ready: false, state: { terminated: { exitCode: 2 } } }],
      },
    })
    pod.metadata.ownerReferences = [controllerRef(Job, job)]
    expect(
      told(
        ask(
          [
            [Job, [job]],
            [Pod, [pod]],
          ],
          Job,
          job,
        ),
      ),
    ).toBe('Job import gave up after 3 failed pods: pod import-x failed, because container main ends with exit code 2.')
  })
})

describe('why does nothing answer?', () => {
  it('says nothing of what it may not see: pods, or the sets of a deployment', () => {
    const app = makeApp('web', 1)
    const fresh = make(Deployment, 'new', { spec: { replicas: 1, selector: {} } as never })
    expect(ask([[Service, [app.service]]], Service, app.service)).toBeUndefined()
    expect(ask([[Deployment, [fresh]]], Deployment, fresh)).toBeUndefined()
    const seen = [
      [Deployment, [fresh]],
      [ReplicaSet, []],
    ] as const
    expect(told(ask([...seen], Deployment, fresh))).toContain('Deployment new has no replica set yet')
  })
  it('compares the selector with the labels that there are', () => {
    const app = makeApp('web', 1)
    const service = make(Service, 'web', { spec: { selector: { app: 'wbe' } } as unknown as Service['spec'] })
    const cause = ask(
      [
        [Service, [service]],
        [Deployment, [app.deployment]],
        [Pod, app.pods],
      ],
      Service,
      service,
    )
    expect(told(cause)).toBe(
      'Service web has no endpoint that is ready: no pod has the labels that its selector asks for (app=wbe).',
    )
    expect(facts(cause)).toEqual(['Pods of Deployment web have app=web.'])
  })

  it('sees that what is behind it was scaled to nothing', () => {
    const app = makeApp('web', 0)
    const cause = ask(
      [
        [Service, [app.service]],
        [Deployment, [app.deployment]],
        [Pod, []],
      ],
      Service,
      app.service,
    )
    expect(told(cause)).toContain('Deployment web behind it is scaled to 0')
    expect(fixes(cause)).toEqual(['Scale it to 1'])
  })

  it('counts no pod that is over, and says so where there is no other', () => {
    const app = makeApp('web', 1)
    const evicted = makePod('web-0', { labels: { app: 'web' }, status: { phase: 'Failed', reason: 'Evicted' } })
    const askWith = (...pods: Pod[]) =>
      ask(
        [
          [Service, [app.service]],
          [Pod, pods],
        ],
        Service,
        app.service,
      )
    expect(askWith(...app.pods, evicted)).toBeUndefined()
    expect(told(askWith(evicted))).toBe(
      'Service web has no endpoint that is ready: pod web-0 behind it has ended, because pod web-0 was evicted from its node.',
    )
  })

  it('sees a named port that no container has', () => {
    const app = makeApp('web', 1)
    const service = make(Service, 'web', {
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] } as unknown as Service['spec'],
    })
    expect(
      told(
        ask(
          [
            [Service, [service]],
            [Pod, app.pods],
          ],
          Service,
          service,
        ),
      ),
    ).toContain('no container behind it has a port called http')
  })

  it('walks from an ingress to the probe that fails', () => {
    const app = makeApp('web', 0)
    const pod = makePod('web-1', {
      labels: { app: 'web' },
      spec: { containers: [{ name: 'main', readinessProbe: { tcpSocket: { port: 5432 } } }] },
      status: {
        conditions: [],
        containerStatuses: [{ name: 'main', ready: false, started: true, state: { running: {} } }],
      },
    })
    const ingress = make(Ingress, 'front', {
      spec: {
        rules: [
          {
            host: 'x.example',
            http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web' } } }] },
          },
        ],
      } as Ingress['spec'],
    })
    const cause = ask(
      [
        [Ingress, [ingress]],
        [Service, [app.service]],
        [Pod, [pod]],
      ],
      Ingress,
      ingress,
    )
    expect(cause && chainOf(cause).map(({ code }) => code)).toEqual([
      'ingress',
      'backend',
      'no-endpoints',
      'containers',
      'probe',
    ])
  })

  it('names a service that an ingress leads to and that is not there', () => {
    const ingress = make(Ingress, 'front', {
      spec: { defaultBackend: { service: { name: 'gone' } } } as Ingress['spec'],
    })
    expect(
      told(
        ask(
          [
            [Ingress, [ingress]],
            [Service, []],
          ],
          Ingress,
          ingress,
        ),
      ),
    ).toContain('service gone, where any other path leads, does not exist')
  })
})

describe('why is a claim pending?', () => {
  it('waits calmly for a pod where its class says so', () => {
    const claim = make(PersistentVolumeClaim, 'data', {
      spec: { storageClassName: 'local' },
      status: { phase: 'Pending' },
    })
    const local = make(StorageClass, 'local', { volumeBindingMode: 'WaitForFirstConsumer' })
    const cause = ask(
      [
        [PersistentVolumeClaim, [claim]],
        [StorageClass, [local]],
        [Pod, []],
      ],
      PersistentVolumeClaim,
      claim,
    )
    expect(cause && isPassing(cause)).toBe(true)
  })
  const classOf = (name: string, annotations = {}) =>
    make(StorageClass, name, { provisioner: 'disks.example', metadata: { annotations } })

  it('offers to make a class the default where there is none', () => {
    const claim = make(PersistentVolumeClaim, 'data', { status: { phase: 'Pending' } })
    const lists: ListOf[] = [
      [PersistentVolumeClaim, [claim]],
      [StorageClass, [classOf('fast'), classOf('slow')]],
    ]
    const cause = ask(lists, PersistentVolumeClaim, claim)
    expect(fixes(cause)).toEqual(['Make fast the default', 'Make slow the default', 'Edit the claim'])
    expect(cause?.fixes[0]).toMatchObject({
      kind: 'patch',
      ref: { type: StorageClass, name: 'fast' },
      patch: { metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } },
    })
  })

  it('offers to make the class that is missing as the default one is, as a claim keeps the class that it names', () => {
    const claim = make(PersistentVolumeClaim, 'data', {
      spec: { storageClassName: 'gold' },
      status: { phase: 'Pending' },
    })
    const lists: ListOf[] = [
      [PersistentVolumeClaim, [claim]],
      [StorageClass, [classOf('local', { 'storageclass.kubernetes.io/is-default-class': 'true' })]],
    ]
    const cause = ask(lists, PersistentVolumeClaim, claim)
    expect(fixes(cause)).toEqual(['Create StorageClass gold'])
    expect(cause?.fixes[0]).toMatchObject({
      draft: {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: 'gold' },
        provisioner: 'disks.example',
      },
    })
  })

  it('says that there is no default class', () => {
    const claim = make(PersistentVolumeClaim, 'data', { status: { phase: 'Pending' } })
    expect(
      told(
        ask(
          [
            [PersistentVolumeClaim, [claim]],
            [StorageClass, []],
          ],
          PersistentVolumeClaim,
          claim,
        ),
      ),
    ).toContain('the cluster has no default one')
  })
})

describe('why is a node not well?', () => {
  const silent = make(Node, 'box-2', {
    status: { conditions: [{ type: 'Ready', status: 'Unknown', lastHeartbeatTime: '2026-01-01T23:50:00Z' }] } as never,
  })
  it('leads to the host that it came from, and tells what is wrong with the connection', () => {
    const host = make(Host, 'cellar', {
      status: {
        nodeName: 'box-2',
        conditions: [{ type: 'Connected', status: 'False', reason: 'Disconnected', message: 'no route to host' }],
      } as never,
    })
    const lists: ListOf[] = [
      [Node, [silent]],
      [Host, [host]],
    ]
    const cause = ask(lists, Node, silent)
    expect(facts(cause)).toContain('no route to host')
    expect(facts(cause).join()).not.toContain('journalctl')
    const reached = { ...host, status: { ...host.status, conditions: [{ type: 'Connected', status: 'True' }] } } as Host
    expect(facts(ask([lists[0]!, [Host, [reached]]], Node, silent))).toContain(
      'the machine is reached: its agent does not run, or not well',
    )
    expect(cause?.fixes).toEqual([{ kind: 'host', title: 'Look at host cellar', name: 'cellar' }])
  })
  it('short of memory is drained, or looked at', () => {
    const full = make(Node, 'box-3', {
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'MemoryPressure', status: 'True', message: 'kubelet has insufficient memory available' },
        ],
      } as never,
    })
    expect(fixes(ask([[Node, [full]]], Node, full))).toEqual(['Drain it', 'See its pods and images'])
  })
  it.each([silent, make(Node, 'box-2', { status: { conditions: [{ type: 'Ready', status: 'False' }] } as never })])(
    'says of one that did not come over SSH where to look by hand',
    node => {
      const cause = ask(
        [
          [Node, [node]],
          [Host, []],
        ],
        Node,
        node,
      )
      expect(facts(cause).join()).toContain('journalctl -u flotilla-agent')
      expect(cause?.evidence.at(-1)).toMatchObject({ from: 'by hand, on box-2' })
      expect(fixes(cause)).toEqual([])
    },
  )
})

describe('why is anything else not well?', () => {
  it('leads from an autoscaler that cannot work to what it scales', () => {
    const { deployment } = makeApp('web', 1)
    const scaler = make(HorizontalPodAutoscaler, 'web', {
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } } as never,
      status: { conditions: [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' }] } as never,
    })
    const lists: ListOf[] = [
      [HorizontalPodAutoscaler, [scaler]],
      [Deployment, [deployment]],
    ]
    expect(fixes(ask(lists, HorizontalPodAutoscaler, scaler))).toEqual(['Edit Deployment web', 'Edit the autoscaler'])
  })

  it('tells what a deletion waits for', () => {
    const object = make(ConfigMap, 'stuck', {
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/keep'] },
    })
    expect(told(ask([[ConfigMap, [object]]], ConfigMap, object))).toBe(
      'ConfigMap stuck is being deleted and waits for example.com/keep.',
    )
  })
})
