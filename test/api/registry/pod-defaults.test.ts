// Defaults of pods and templates.
import { expect, test } from 'vitest'
import { deployments } from '../../../src/main/apiserver/registry/apps/deployment.ts'
import { statefulSets } from '../../../src/main/apiserver/registry/apps/stateful-set.ts'
import { defaultPullPolicy, imageTag } from '../../../src/main/apiserver/registry/core/pod/image-tag.ts'
import { leases } from '../../../src/main/apiserver/registry/coordination/lease.ts'
import { pods } from '../../../src/main/apiserver/registry/core/pod.ts'
import { resourceSlices } from '../../../src/main/apiserver/registry/resource/resource-slice.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import { admitted } from '../../suites/resource.ts'

test('a pod gets everything that Kubernetes fills in', () => {
  const object = admitted(pods, {
    spec: {
      containers: [
        {
          name: 'web',
          image: 'nginx',
          ports: [{ containerPort: 80 }],
          livenessProbe: { httpGet: { port: 80 } },
          resources: { limits: { cpu: '1' } },
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        },
      ],
      volumes: [{ name: 'a' }, { name: 'b', configMap: { name: 'c' } }, { name: 'd', hostPath: { path: '/x' } }],
    },
  })
  expect(object['spec']).toEqual({
    containers: [
      {
        name: 'web',
        image: 'nginx',
        imagePullPolicy: 'Always',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        livenessProbe: {
          httpGet: { path: '/', port: 80, scheme: 'HTTP' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        resources: { limits: { cpu: '1' }, requests: { cpu: '1' } },
        env: [{ name: 'A', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    volumes: [
      { name: 'a', emptyDir: {} },
      { name: 'b', configMap: { name: 'c', defaultMode: 420 } },
      { name: 'd', hostPath: { path: '/x', type: '' } },
    ],
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    enableServiceLinks: true,
  })
})

test('a negative grace period is a second', () => {
  const spec = { terminationGracePeriodSeconds: -1, containers: [{ name: 'a', image: 'a' }] }
  expect(admitted(pods, { spec })['spec']).toMatchObject({ terminationGracePeriodSeconds: 1 })
})

test('a container port on the host network is a host port', () => {
  const object = admitted(pods, {
    spec: { hostNetwork: true, containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 80 }] }] },
  })
  expect(object['spec']).toMatchObject({ containers: [{ ports: [{ containerPort: 80, hostPort: 80 }] }] })
})

test('a template does not get what only pods get', () => {
  const object = admitted(deployments, {
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'a', image: 'a:1', resources: { limits: { cpu: '1' } } }] },
      },
    },
  })
  const { template, ...spec } = object['spec'] as { template: { spec: Record<string, unknown> } }
  expect(spec).toEqual({
    selector: { matchLabels: { app: 'web' } },
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
  })
  expect(template.spec).not.toHaveProperty('enableServiceLinks')
  expect(template.spec).toMatchObject({
    containers: [{ imagePullPolicy: 'IfNotPresent', resources: { limits: { cpu: '1' } } }],
  })
})

test.each([
  ['nginx', 'latest'],
  ['nginx:1.2', '1.2'],
  ['registry:5000/nginx', 'latest'],
  ['registry:5000/nginx:1', '1'],
  ['nginx@sha256:abc', ''],
  ['', ''],
])('the tag of %j is %j', (reference, tag) => {
  expect(imageTag(reference)).toBe(tag)
})

test('a pod with limits of its own requests what its start takes, where sidecars run by then', () => {
  const cpu = (amount: string) => ({ requests: { cpu: amount } })
  const sidecar = { name: 's', image: 's', restartPolicy: 'Always', resources: cpu('100m') }
  const requested = (...initContainers: object[]) =>
    admitted(pods, {
      spec: {
        resources: { limits: { cpu: '1' } },
        initContainers,
        containers: [{ name: 'a', image: 'a', resources: cpu('100m') }],
      },
    })['spec']
  const setUp = { name: 'i', image: 'i', resources: cpu('500m') }
  expect(requested(sidecar, setUp)).toMatchObject({ resources: { requests: { cpu: '600m' } } })
  expect(requested(setUp, sidecar)).toMatchObject({ resources: { requests: { cpu: '500m' } } })
})

test('a pod with limits of its own requests what its containers request, else what it is limited to', () => {
  const resources = { requests: { cpu: '100m' } }
  const object = admitted(pods, {
    spec: {
      resources: { limits: { cpu: '1', memory: '1Gi' } },
      containers: [
        { name: 'a', image: 'a', resources },
        { name: 'b', image: 'b', resources },
      ],
    },
  })
  expect(object['spec']).toMatchObject({
    resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '200m', memory: '1Gi' } },
  })
})

test.each([
  ['nginx', 'Always'],
  ['nginx:latest', 'Always'],
  ['Registry.example.com:5000/team/web', 'Always'],
  ['nginx:1.27', 'IfNotPresent'],
  ['nginx@sha256:' + 'a'.repeat(64), 'IfNotPresent'],
  ['ko://example.com/cmd/web', 'IfNotPresent'],
  ['Nginx', 'IfNotPresent'],
  ['two words', 'IfNotPresent'],
  ['', 'IfNotPresent'],
])('the image %j is pulled by default %s: what cannot be read has no tag', (reference, policy) => {
  expect(defaultPullPolicy(reference)).toBe(policy)
})

test('what a feature is for that nobody has is left out, of pods, of templates, of leases and of devices', () => {
  const spec = {
    containers: [{ name: 'web', image: 'nginx' }],
    schedulingGroup: { podGroupName: 'all' },
    volumes: [
      { name: 'a', projected: { sources: [{ podCertificate: { signerName: 'x' } }, { configMap: { name: 'b' } }] } },
    ],
  }
  const kept = ({ schedulingGroup, volumes }: Partial<typeof spec>) => [
    schedulingGroup,
    volumes?.[0]?.projected.sources,
  ]
  const pod = admitted(pods, { spec })
  expect(kept(pod['spec'] as typeof spec)).toEqual([undefined, [{}, { configMap: { name: 'b' } }]])
  const workload = { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec } }
  const { template } = admitted(deployments, { spec: workload })['spec'] as typeof workload
  expect(kept(template.spec)).toEqual([undefined, [{}, { configMap: { name: 'b' } }]])
  const lease = admitted(leases, {
    spec: { holderIdentity: 'a', preferredHolder: 'b', strategy: 'OldestEmulationVersion' },
  })
  expect(lease['spec']).toEqual({ holderIdentity: 'a' })
  const attributes = { one: { string: 'a' }, many: { strings: ['a', 'b'] } }
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 }
  const slice = admitted(resourceSlices, {
    spec: { driver: 'example.com', nodeName: 'n1', pool, devices: [{ name: 'd', attributes }] },
  })
  expect((slice['spec'] as { devices: object[] }).devices).toEqual([
    { name: 'd', attributes: { one: { string: 'a' }, many: {} } },
  ])
})

test('maxUnavailable of a StatefulSet, which nobody goes by, is left out, and stays where it was', () => {
  const before = { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } } } }
  const made = admitted(statefulSets, before)
  expect(made['spec']).toMatchObject({ updateStrategy: { rollingUpdate: { partition: 0 } } })
  expect(made).not.toHaveProperty('spec.updateStrategy.rollingUpdate.maxUnavailable')
  const asSet = (parts: object) => Object.assign(parts, { metadata: { name: 'db' } }) as unknown as AnyObject
  const updated = (old: object) => {
    const set = structuredClone(before)
    statefulSets.prepareForUpdate?.(asSet(set), asSet(old))
    return set.spec.updateStrategy.rollingUpdate
  }
  expect(updated({ spec: {} })).toEqual({})
  expect(updated(before)).toEqual({ maxUnavailable: 2 })
})
