// What kubectl prints.
import { describe, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { admitted } from '../../suites/resource.ts'

type Fields = Record<string, unknown>
const NOW = Date.parse('2026-01-01T01:00:00Z')

function row(schema: string, object: Fields, status: Fields = {}, metadata: Fields = {}): Record<string, unknown> {
  const resource = builtinResources.find(r => r.schema === schema)!
  const stored = admitted(resource, object)
  Object.assign((stored['status'] ??= {}) as Fields, status)
  Object.assign(stored.metadata, metadata)
  return Object.fromEntries(resource.columns!.map(column => [column.name, column.value(stored, NOW)]))
}

const spec = {
  containers: [
    { name: 'a', image: 'a:1' },
    { name: 'b', image: 'b:1' },
  ],
}
const running = (name: string, more: Fields = {}) => ({
  name,
  ready: true,
  restartCount: 0,
  state: { running: {} },
  ...more,
})
const waiting = (name: string, reason: string, more: Fields = {}) => ({
  name,
  ready: false,
  restartCount: 0,
  state: { waiting: { reason } },
  ...more,
})
const ended = (name: string, exitCode: number, reason?: string) => ({
  name,
  ready: false,
  restartCount: 0,
  state: { terminated: { exitCode, ...(reason ? { reason } : {}) } },
})

describe('a pod shows', () => {
  const pod = (status: Fields, more: Fields = {}, metadata: Fields = {}) =>
    row('core.v1.Pod', { spec: { ...spec, ...more } }, status, metadata)

  test('Pending while nothing is known', () => {
    expect(pod({})).toMatchObject({
      Ready: '0/2',
      Status: 'Pending',
      Restarts: '0',
      Age: '60m',
      IP: '<none>',
      Node: '<none>',
    })
  })

  test('Running with both containers ready', () => {
    expect(
      pod(
        { phase: 'Running', podIPs: [{ ip: '10.1.0.2' }], containerStatuses: [running('a'), running('b')] },
        { nodeName: 'n1' },
      ),
    ).toMatchObject({ Ready: '2/2', Status: 'Running', IP: '10.1.0.2', Node: 'n1' })
  })

  test('why the first container in trouble waits, and how often and when it was restarted', () => {
    const crashing = waiting('a', 'CrashLoopBackOff', {
      restartCount: 3,
      lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } },
    })
    expect(pod({ phase: 'Running', containerStatuses: [crashing, running('b')] })).toMatchObject({
      Ready: '1/2',
      Status: 'CrashLoopBackOff',
      Restarts: '3 (5m ago)',
    })
  })

  test('the progress of its init containers', () => {
    const more = {
      initContainers: [
        { name: 'i', image: 'i' },
        { name: 'j', image: 'j' },
      ],
    }
    const init = (status: Fields) =>
      pod({ phase: 'Pending', initContainerStatuses: [ended('i', 0), status] }, more)['Status']
    expect(init(running('j', { ready: false }))).toBe('Init:1/2')
    expect(init(waiting('j', 'ImagePullBackOff'))).toBe('Init:ImagePullBackOff')
    expect(init(ended('j', 2))).toBe('Init:ExitCode:2')
    expect(init(ended('j', 1, 'Error'))).toBe('Init:Error')
  })

  test('sidecars among its containers', () => {
    const more = { initContainers: [{ name: 's', image: 's', restartPolicy: 'Always' }] }
    const status = {
      phase: 'Running',
      initContainerStatuses: [running('s', { started: true })],
      containerStatuses: [running('a'), running('b')],
    }
    expect(pod(status, more)).toMatchObject({ Ready: '3/3', Status: 'Running' })
  })

  test('how its containers ended', () => {
    const both = (a: Fields, b: Fields) => pod({ phase: 'Running', containerStatuses: [a, b] })['Status']
    expect(both(ended('a', 0, 'Completed'), ended('b', 0, 'Completed'))).toBe('Completed')
    expect(both(ended('a', 0, 'Completed'), running('b'))).toBe('NotReady')
    expect(both(ended('a', 137, 'OOMKilled'), running('b'))).toBe('OOMKilled')
    expect(both(ended('a', 3), running('b'))).toBe('ExitCode:3')
  })

  test('Terminating once it is being deleted, but not when it has ended', () => {
    const deleted = { deletionTimestamp: '2026-01-01T00:59:00Z' }
    expect(pod({ phase: 'Running', containerStatuses: [running('a')] }, {}, deleted)['Status']).toBe('Terminating')
    expect(pod({ phase: 'Succeeded' }, {}, deleted)['Status']).toBe('Succeeded')
    expect(pod({ phase: 'Running', reason: 'NodeLost' }, {}, deleted)['Status']).toBe('Unknown')
  })

  test('Evicted and SchedulingGated', () => {
    expect(pod({ phase: 'Failed', reason: 'Evicted' })['Status']).toBe('Evicted')
    expect(pod({ phase: 'Pending' }, { schedulingGates: [{ name: 'g' }] })['Status']).toBe('SchedulingGated')
  })

  test('its open readiness gates', () => {
    const gates = { readinessGates: [{ conditionType: 'x/y' }, { conditionType: 'x/z' }] }
    expect(pod({ conditions: [{ type: 'x/y', status: 'True' }] }, gates)['Readiness Gates']).toBe('1/2')
  })
})

test('a pod has the columns of kubectl get pods -o wide', () => {
  const { columns } = builtinResources.find(r => r.schema === 'core.v1.Pod')!
  expect(columns!.map(c => `${c.name}${c.priority ? '*' : ''}`).join(' | ')).toBe(
    'Name | Ready | Status | Restarts | Age | IP* | Node* | Nominated Node* | Readiness Gates*',
  )
})

const workload = {
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec },
  },
}

test('a deployment shows ready of wanted, and its images', () => {
  expect(
    row('apps.v1.Deployment', workload, { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 }),
  ).toMatchObject({
    Ready: '2/3',
    'Up-to-date': 3,
    Available: 1,
    Containers: 'a,b',
    Images: 'a:1,b:1',
    Selector: 'app=web',
  })
})

describe('a service shows', () => {
  const service = (given: Fields, status: Fields = {}) => row('core.v1.Service', { spec: given }, status)
  test('its addresses, ports and node ports', () => {
    expect(
      service({
        type: 'NodePort',
        clusterIP: '10.96.1.1',
        ports: [
          { port: 80, nodePort: 30080 },
          { port: 53, protocol: 'UDP' },
        ],
        selector: { b: '2', a: '1' },
      }),
    ).toMatchObject({
      Type: 'NodePort',
      'Cluster-IP': '10.96.1.1',
      'External-IP': '<none>',
      'Port(s)': '80:30080/TCP,53/UDP',
      Selector: 'a=1,b=2',
    })
  })
  test('what a load balancer got, or that it waits', () => {
    expect(service({ type: 'LoadBalancer', ports: [{ port: 80 }] })['External-IP']).toBe('<pending>')
    expect(
      service(
        { type: 'LoadBalancer', ports: [{ port: 80 }] },
        { loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { hostname: 'lb' }] } },
      )['External-IP'],
    ).toBe('1.2.3.4,lb')
  })
  test('the name that it stands for', () => {
    expect(service({ type: 'ExternalName', externalName: 'example.com' })).toMatchObject({
      'Cluster-IP': '<none>',
      'External-IP': 'example.com',
      'Port(s)': '<none>',
    })
  })
})

test('a node shows readiness, cordon, roles and system', () => {
  const shown = row(
    'core.v1.Node',
    {
      metadata: { labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'edge' } },
      spec: { unschedulable: true },
    },
    {
      conditions: [{ type: 'Ready', status: 'False' }],
      addresses: [{ type: 'InternalIP', address: '192.168.0.2' }],
      nodeInfo: {
        kubeletVersion: 'v1.36.0',
        kernelVersion: '6.1',
        architecture: 'amd64',
        osImage: 'Debian',
        containerRuntimeVersion: 'docker://20',
      },
    },
  )
  expect(shown).toMatchObject({
    Status: 'NotReady,SchedulingDisabled',
    Roles: 'edge,worker',
    Version: 'v1.36.0',
    'Internal-IP': '192.168.0.2',
    'External-IP': '<none>',
    'Kernel-Version': '6.1 (amd64)',
  })
})

test('a job shows completions and how long it took', () => {
  const job = { spec: { template: { spec: { ...spec, restartPolicy: 'Never' } }, completions: 2 } }
  const status = {
    succeeded: 2,
    startTime: '2026-01-01T00:00:00Z',
    completionTime: '2026-01-01T00:03:10Z',
    conditions: [{ type: 'Complete', status: 'True' }],
  }
  expect(row('batch.v1.Job', job, status)).toMatchObject({ Status: 'Complete', Completions: '2/2', Duration: '3m10s' })
})

test('an event shows what, where and when, in both groups alike', () => {
  const core = {
    involvedObject: { kind: 'Pod', name: 'web', namespace: 'default', fieldPath: 'spec.containers{a}' },
    reason: 'Pulled',
    message: ' Pulled image \n',
    type: 'Normal',
    source: { component: 'kubelet', host: 'n1' },
    firstTimestamp: '2026-01-01T00:50:00Z',
    lastTimestamp: '2026-01-01T00:59:00Z',
    count: 4,
  }
  const expected = {
    'Last Seen': '60s',
    'First Seen': '10m',
    Object: 'pod/web',
    Source: 'kubelet, n1',
    Message: 'Pulled image',
    Count: 4,
  }
  expect(row('core.v1.Event', core)).toMatchObject(expected)
  const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, ...rest } = core
  const newer = {
    ...rest,
    eventTime: '2026-01-01T00:50:00.000000Z',
    regarding: involvedObject,
    note: message,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  }
  expect(row('events.v1.Event', newer)).toMatchObject(expected)
})

test.each([
  ['storage.v1.CSIStorageCapacity', { storageClassName: 'fast' }, ['Name', 'Created At']],
  ['networking.v1.IPAddress', { spec: { parentRef: { resource: 'services', name: 'a' } } }, ['Name', 'ParentRef']],
])('%s shows no more than kube-apiserver does', (schema, object, names) => {
  expect(Object.keys(row(schema, object))).toEqual(names)
})
