// Statuses: the word that kubectl prints, and the colour that tells whether somebody must act.
import { describe, expect, it } from 'vitest'
import { DaemonSet, type Deployment, StatefulSet } from '../../src/shared/api/apps/v1.ts'
import { Job } from '../../src/shared/api/batch/v1.ts'
import { CertificateSigningRequest } from '../../src/shared/api/certificates/v1.ts'
import {
  type ContainerStatus,
  Event,
  type Node,
  type Pod,
  ReplicationController,
} from '../../src/shared/api/core/v1.ts'
import type { KubeObject } from '../../src/shared/machinery/object.ts'
import { statusOf } from '@/kinds/known.ts'
import { nodeStatus } from '@/status/object-status.ts'
import { podStatus } from '@/status/pod-status.ts'
import { WorstPods, withPods } from '@/status/pods-below.ts'
import type { StatusView } from '@/status/tone.ts'
import { deploymentStatus } from '@/status/workload-status.ts'
import { make, makePod } from './support/objects.ts'

const container = (change: Partial<ContainerStatus>): ContainerStatus => ({
  name: 'app',
  image: 'a',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...change,
})
const pod = (status: Partial<Pod['status']>, metadata: Partial<Pod['metadata']> = {}): Pod =>
  ({ metadata: { name: 'p', ...metadata }, spec: { containers: [{ name: 'app' }] }, status }) as Pod
const ready = (status: string) => [{ type: 'Ready', status }]
const running = { running: { startedAt: '2026-01-01T00:00:00Z' } }

const told = (type: Parameters<typeof statusOf>[0], given: object) =>
  statusOf(type, { ...make(type as typeof CertificateSigningRequest, 'one'), ...given } as never)

describe('a request for a certificate', () => {
  const condition = (type: string) => ({ conditions: [{ type, status: 'True', message: 'why' }] })
  it.each([
    ['that nobody looked at yet', {}, { tone: 'progressing', text: 'Pending' }],
    ['that is approved', condition('Approved'), { tone: 'progressing', text: 'Approved' }],
    ['that has its certificate', { ...condition('Approved'), certificate: 'LS0t' }, { tone: 'healthy', text: 'Issued', reason: 'why' }], // prettier-ignore
    ['that is denied', condition('Denied'), { tone: 'failed', text: 'Denied', reason: 'why' }],
    ['that no signer could sign', condition('Failed'), { tone: 'failed', text: 'Failed', reason: 'why' }],
  ])('%s', (_what, status, view) => expect(told(CertificateSigningRequest, { status })).toEqual(view))
})

describe('a replication controller', () => {
  it.each([
    ['with all of its pods', 2, {}, { tone: 'healthy', text: 'Ready' }],
    ['with some of them', 1, {}, { tone: 'progressing', text: 'Progressing', reason: '1 of 2 ready.' }],
    ['whose pods are refused', 0, { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'why' }] }, { tone: 'failed', text: 'ReplicaFailure', reason: 'why' }], // prettier-ignore
  ])('%s', (_what, readyReplicas, status, view) =>
    expect(told(ReplicationController, { spec: { replicas: 2 }, status: { readyReplicas, ...status } })).toEqual(view),
  )
})

describe('podStatus()', () => {
  const cases: [what: string, pod: Pod, tone: string, text: string][] = [
    ['running and ready', pod({ phase: 'Running', conditions: ready('True') }), 'healthy', 'Running'],
    [
      'running but not ready is amber, never green',
      pod({ phase: 'Running', conditions: ready('False'), containerStatuses: [container({ state: running })] }),
      'warning',
      'NotReady',
    ],
    [
      'crash loop',
      pod({ phase: 'Running', containerStatuses: [container({ state: { waiting: { reason: 'CrashLoopBackOff' } } })] }),
      'failed',
      'CrashLoopBackOff',
    ],
    [
      'image that cannot be pulled',
      pod({ phase: 'Pending', containerStatuses: [container({ state: { waiting: { reason: 'ImagePullBackOff' } } })] }),
      'failed',
      'ImagePullBackOff',
    ],
    [
      'being created',
      pod({
        phase: 'Pending',
        containerStatuses: [container({ state: { waiting: { reason: 'ContainerCreating' } } })],
      }),
      'progressing',
      'ContainerCreating',
    ],
    [
      'no node fits',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes' }] }),
      'warning',
      'Pending',
    ],
    [
      'being deleted',
      pod({ phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      'progressing',
      'Terminating',
    ],
    ['done', pod({ phase: 'Succeeded' }), 'healthy', 'Completed'],
    ['evicted', pod({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' }), 'failed', 'Evicted'],
    [
      'ended with an error',
      pod({ phase: 'Failed', containerStatuses: [container({ state: { terminated: { exitCode: 3 } } })] }),
      'failed',
      'ExitCode:3',
    ],
  ]
  for (const [what, given, tone, text] of cases) it(what, () => expect(podStatus(given)).toMatchObject({ tone, text }))
  it('tells apart what keeps a pod from being ready: a container, a gate, or a node that is not heard of', () => {
    const late = pod({
      phase: 'Running',
      conditions: ready('False'),
      containerStatuses: [container({ state: running })],
    })
    const cut = pod({ ...late.status, containerStatuses: [container({ state: running, ready: true })] })
    const gated: Pod = { ...cut, spec: { ...cut.spec, readinessGates: [{ conditionType: 'example.com/gate' }] } }
    expect([late, cut, gated].map(each => podStatus(each).reason)).toEqual([
      'Not ready: app.',
      'Its node is not heard of any more.',
      'A readiness gate is not met.',
    ])
  })

  it('says which init container is at work', () => {
    const given = pod({
      phase: 'Pending',
      initContainerStatuses: [
        container({ name: 'a', state: { terminated: { exitCode: 0 } } }),
        container({ name: 'b', state: running }),
      ],
    })
    expect(podStatus(given).text).toBe('Init:1/2')
  })

  it('tells why the last run of a crashing container ended', () => {
    const given = pod({
      phase: 'Running',
      containerStatuses: [
        container({
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
          lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
        }),
      ],
    })
    expect(podStatus(given).reason).toContain('137 (OOMKilled)')
  })
})

describe('deploymentStatus()', () => {
  const deployment = (spec: object, status: object): Deployment =>
    ({ metadata: { name: 'd', generation: 2 }, spec, status: { observedGeneration: 2, ...status } }) as Deployment
  const all = { replicas: 3, updatedReplicas: 3, availableReplicas: 3 }

  it('is healthy when every replica is new and available', () =>
    expect(deploymentStatus(deployment({ replicas: 3 }, all)).tone).toBe('healthy'))
  it('is progressing while old replicas are still going', () =>
    expect(deploymentStatus(deployment({ replicas: 3 }, { ...all, replicas: 4 })).tone).toBe('progressing'))
  it('is progressing until the controller has seen the change', () =>
    expect(deploymentStatus(deployment({ replicas: 3 }, { ...all, observedGeneration: 1 })).tone).toBe('progressing'))
  it('is failed when its rollout is over the deadline', () => {
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'why' }]
    expect(deploymentStatus(deployment({ replicas: 3 }, { ...all, conditions }))).toMatchObject({
      tone: 'failed',
      reason: 'why',
    })
  })
  it('warns of replicas that went after the rollout was complete, and waits for those of one that is not', () => {
    const lacking = (reason: string) => ({
      ...all,
      availableReplicas: 2,
      conditions: [{ type: 'Progressing', status: 'True', reason }],
    })
    expect(deploymentStatus(deployment({ replicas: 3 }, lacking('NewReplicaSetAvailable')))).toMatchObject({
      tone: 'warning',
      text: 'Degraded',
    })
    expect(deploymentStatus(deployment({ replicas: 3 }, lacking('ReplicaSetUpdated'))).tone).toBe('progressing')
  })
  it('is suspended when paused or scaled to none', () => {
    expect(deploymentStatus(deployment({ replicas: 3, paused: true }, all)).tone).toBe('suspended')
    expect(deploymentStatus(deployment({ replicas: 0 }, {})).tone).toBe('suspended')
  })
})

describe('nodeStatus()', () => {
  const node = (conditions: object[], spec = {}): Node => ({ metadata: {}, spec, status: { conditions } }) as Node
  it('tells a node that nobody hears of from one that is not ready', () => {
    expect(nodeStatus(node([{ type: 'Ready', status: 'Unknown' }])).tone).toBe('unknown')
    expect(nodeStatus(node([{ type: 'Ready', status: 'False' }])).tone).toBe('failed')
  })
  it('warns of pressure, and shows a cordon', () => {
    const well = { type: 'Ready', status: 'True' }
    expect(nodeStatus(node([well, { type: 'DiskPressure', status: 'True' }])).text).toBe('DiskPressure')
    expect(nodeStatus(node([well], { unschedulable: true })).text).toBe('Cordoned')
    expect(nodeStatus(node([well])).tone).toBe('healthy')
  })
})

describe('withPods()', () => {
  const crashing = {
    phase: 'Running',
    containerStatuses: [
      container({
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 3 } },
      }),
    ],
  }
  const owned = (name: string, status: Partial<Pod['status']>, kind = 'ReplicaSet', owner = 'web-6b9f') =>
    pod(status, {
      name,
      namespace: 'shop',
      labels: { 'pod-template-hash': '6b9f' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name: owner, uid: 'u', controller: true }],
    })
  const web = { metadata: { name: 'web', namespace: 'shop' } } as Deployment
  const updating = { tone: 'progressing', text: 'Updating' } as const
  const told = (
    pods: Pod[],
    own: StatusView = updating,
    kind = 'Deployment',
    owner: KubeObject = web,
    group = 'apps',
  ) => withPods(own, new WorstPods(pods).below({ group, kind }, owner))

  it('says of a Deployment whose pods crash that they do, and which one, however many wait', () =>
    expect(
      told([
        owned('web-6b9f-c', crashing),
        owned('web-6b9f-a', { phase: 'Running', conditions: ready('False'), containerStatuses: [container({})] }),
        owned('web-6b9f-b', crashing),
      ]),
    ).toEqual({
      tone: 'failed',
      text: 'CrashLoopBackOff',
      reason: 'web-6b9f-b: Container app last ended with exit code 3.',
    }))
  it('says it of the ReplicaSet between them, and of a StatefulSet', () => {
    const set = { metadata: { name: 'web-6b9f', namespace: 'shop' } } as KubeObject
    expect(told([owned('web-6b9f-a', crashing)], updating, 'ReplicaSet', set).tone).toBe('failed')
    expect(told([owned('web-0', crashing, 'StatefulSet', 'web')], updating, 'StatefulSet').tone).toBe('failed')
  })
  it('leaves what is on its way: pods that are being made, or have ended and have others in their place', () =>
    expect(
      told([
        owned('web-6b9f-a', {
          phase: 'Pending',
          containerStatuses: [container({ state: { waiting: { reason: 'ContainerCreating' } } })],
        }),
        owned('web-6b9f-b', { phase: 'Failed', reason: 'Evicted' }),
      ]),
    ).toBe(updating))
  it('is not misled by a ReplicaSet, a namespace or a pod that only looks alike', () => {
    const other = owned('web-6b9f-a', crashing)
    const elsewhere = { ...other, metadata: { ...other.metadata, namespace: 'test' } }
    const bare = { ...other, metadata: { ...other.metadata, ownerReferences: [] } }
    expect(told([elsewhere, bare, owned('web-9-a', crashing, 'ReplicaSet', 'web-9')])).toBe(updating)
    expect(told([other], updating, 'Deployment', web, 'example.dev')).toBe(updating)
    const [owner] = other.metadata.ownerReferences ?? []
    const ownerReferences = [{ ...owner!, apiVersion: 'example.dev/v1' }]
    expect(told([{ ...other, metadata: { ...other.metadata, ownerReferences } }])).toBe(updating)
  })
  it('keeps what is well, being deleted or worse', () => {
    const pods = [owned('web-6b9f-a', { ...crashing, containerStatuses: [], conditions: ready('False') })]
    for (const own of [
      { tone: 'healthy', text: 'Available' },
      { tone: 'progressing', text: 'Terminating' },
      { tone: 'failed', text: 'ReplicaFailure', reason: 'exceeded quota' },
    ] as const)
      expect(told(pods, own)).toBe(own)
  })
  it('says of one whose time ran out what its pods wait for', () => {
    const pods = [owned('web-6b9f-a', { ...crashing, containerStatuses: [], conditions: ready('False') })]
    const own = { tone: 'failed', text: 'Stuck', reason: 'ReplicaSet "web-6b9f" has timed out progressing.' } as const
    expect(told(pods, own)).toMatchObject({
      tone: 'failed',
      text: 'Stuck',
      reason: expect.stringMatching(/^web-6b9f-a: /),
    })
    expect(told([], own)).toBe(own)
  })
})

describe('what may make no pods', () => {
  const told = 'Error creating: pods "import-x" is forbidden: exceeded quota: small, requested: pods=1'
  const refused = (about: KubeObject, lastTimestamp: string, message = told) =>
    make(Event, `${about.metadata.name}.${lastTimestamp}`, {
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        namespace: 'default',
        name: about.metadata.name,
        uid: about.metadata.uid,
      },
      reason: 'FailedCreate',
      message,
      lastTimestamp,
    })
  const job = make(Job, 'import')
  const typeOf = ({ apiVersion, kind }: KubeObject) => ({ group: apiVersion.replace(/\/.*/, ''), kind })
  const stateOf = (owner: KubeObject, events: Event[], pods: Pod[] = []) =>
    withPods({ tone: 'progressing', text: 'Running' }, new WorstPods(pods, events).below(typeOf(owner), owner))

  it.each([
    make(Job, 'import'),
    make(StatefulSet, 'db', { spec: { replicas: 3 } as never, status: { replicas: 1 } as never }),
    make(DaemonSet, 'agent', { status: { currentNumberScheduled: 0, desiredNumberScheduled: 1 } as never }),
  ])('is no $kind on its way, and says what refuses them', owner =>
    expect(stateOf(owner, [refused(owner, '2026-01-01T00:01:00Z')])).toEqual({
      tone: 'failed',
      text: 'FailedCreate',
      reason: told,
    }),
  )
  it('is told by the newest refusal, without how the server summed it up', () => {
    const events = [
      refused(job, '2026-01-01T00:02:00Z', `(combined from similar events): ${told}`),
      refused(job, '2026-01-01T00:01:00Z', 'older'),
    ]
    expect(stateOf(job, events).reason).toBe(told)
  })
  it.each([
    make(Job, 'import', { status: { active: 1 } as never }),
    make(StatefulSet, 'db', { spec: { replicas: 3 } as never, status: { replicas: 3 } as never }),
    make(DaemonSet, 'agent', { status: { currentNumberScheduled: 1, desiredNumberScheduled: 1 } as never }),
  ])('is no $kind that has them by now', owner =>
    expect(stateOf(owner, [refused(owner, '2026-01-01T00:01:00Z')]).tone).toBe('progressing'),
  )
  it('is not what made a pod after it was refused, nor what only has the name of it', () => {
    const made = makePod('import-a', { owner: job, status: { phase: 'Failed' } })
    expect(stateOf(job, [refused(job, '2025-12-31T23:59:00Z')], [made]).tone).toBe('progressing')
    expect(stateOf(job, [refused(make(Job, 'import'), '2026-01-01T00:01:00Z')]).tone).toBe('progressing')
  })
  it('is said after what is wrong with the pods that there are', () => {
    const set = make(StatefulSet, 'db', { spec: { replicas: 3 } as never, status: { replicas: 1 } as never })
    const crashing = makePod('db-0', {
      owner: set,
      status: {
        conditions: [],
        containerStatuses: [container({ state: { waiting: { reason: 'CrashLoopBackOff' } } })],
      },
    })
    expect(stateOf(set, [refused(set, '2026-01-01T00:01:00Z')], [crashing]).text).toBe('CrashLoopBackOff')
  })
})
