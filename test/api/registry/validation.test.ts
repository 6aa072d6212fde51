// The rules for the other kinds, in upstream's words.
import { describe, expect, test } from 'vitest'
import { builtinResources } from '../../../src/main/apiserver/registry/index.ts'
import { admitted, problems } from '../../suites/resource.ts'
import { minimalObjects } from './minimal-objects.ts'

type Fields = Record<string, unknown>
const resourceOf = (schema: string) => builtinResources.find(r => r.schema === schema)!

/** The minimal object with some fields of its spec changed. */
const spec = (schema: string, change: Fields): Fields => ({
  ...minimalObjects[schema],
  spec: { ...(minimalObjects[schema]?.['spec'] as Fields), ...change },
})
const D = 'apps.v1.Deployment'
const S = 'core.v1.Service'
const template = (podSpec: Fields, labels: Fields = { app: 'web' }) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'web', image: 'web:1' }], ...podSpec },
})

describe('the name of an IPAddress', () => {
  const { validateName } = resourceOf('networking.v1.IPAddress')
  test.each(['10.96.0.7', 'fe80::42:1dff:fe84:f9e2', '2001:db8::1', '::1'])('may be %s', name =>
    expect(validateName!(name)).toEqual([]),
  )
  test.each([
    ['web', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['10.96.0.07', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['2001:DB8::1', 'must be in canonical form ("2001:db8::1")'],
    ['2001:db8:0::1', 'must be in canonical form ("2001:db8::1")'],
  ])('may not be %s', (name, problem) => expect(validateName!(name)).toEqual([problem]))
})

const refused: [schema: string, what: string, object: Fields, problem: string][] = [
  [D, 'no selector', { spec: { template: template({}) } }, 'spec.selector: Required value'],
  [
    D,
    'an empty selector',
    spec(D, { selector: {} }),
    'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
  ],
  [
    D,
    'a template that the selector misses',
    spec(D, { template: template({}, { app: 'other' }) }),
    'spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`',
  ],
  [
    D,
    'a negative count',
    spec(D, { replicas: -1 }),
    'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  ],
  [
    D,
    'pods that end',
    spec(D, { template: template({ restartPolicy: 'Never' }) }),
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
  [
    D,
    'a strategy that moves nothing',
    spec(D, { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
  ],
  [
    D,
    'rolling parameters of a strategy that does not roll',
    spec(D, { strategy: { type: 'Recreate', rollingUpdate: {} } }),
    "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
  ],
  [
    D,
    'a strategy that does not exist',
    spec(D, { strategy: { type: 'Magic' } }),
    'spec.strategy: Unsupported value: {"type":"Magic"}: supported values: "Recreate", "RollingUpdate"',
  ],
  [
    D,
    'a deadline before pods can be available',
    spec(D, { progressDeadlineSeconds: 5, minReadySeconds: 5 }),
    'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds',
  ],
  [
    'admissionregistration.v1.ValidatingWebhookConfiguration',
    'a webhook without a name',
    { webhooks: [{ admissionReviewVersions: ['v1'] }] },
    'webhooks[0].name: Required value',
  ],
  [
    'admissionregistration.v1.ValidatingWebhookConfiguration',
    'a webhook without side effects',
    { webhooks: [{ admissionReviewVersions: ['v1'] }] },
    'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
  ],
  [
    'admissionregistration.v1.ValidatingWebhookConfiguration',
    'a webhook without an address',
    { webhooks: [{ admissionReviewVersions: ['v1'] }] },
    'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
  ],
  [
    'apps.v1.StatefulSet',
    'a management policy that does not exist',
    spec('apps.v1.StatefulSet', { podManagementPolicy: 'Chaos' }),
    `spec.podManagementPolicy: Invalid value: "Chaos": must be 'OrderedReady' or 'Parallel'`,
  ],
  [
    'apps.v1.DaemonSet',
    'surge and unavailability at once',
    spec('apps.v1.DaemonSet', { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
    'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
  ],
  [
    'batch.v1.Job',
    'pods that restart always',
    { spec: { template: template({}) } },
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ],
  [
    'batch.v1.Job',
    'an indexed job without completions',
    spec('batch.v1.Job', { completionMode: 'Indexed', parallelism: 1 }),
    'spec.completions: Required value: when completion mode is Indexed',
  ],
  [
    'batch.v1.Job',
    'a selector of its own',
    spec('batch.v1.Job', { selector: { matchLabels: { app: 'web' } } }),
    'spec.selector: Invalid value: {"matchLabels":{"app":"web","batch.kubernetes.io/controller-uid":"f3c1c0de"}}: `selector` not auto-generated',
  ],
  [
    'batch.v1.CronJob',
    'a schedule of four fields',
    spec('batch.v1.CronJob', { schedule: '* * * *' }),
    'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]',
  ],
  [
    'batch.v1.CronJob',
    'a time zone that does not exist',
    spec('batch.v1.CronJob', { timeZone: 'Mars/Olympus' }),
    'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
  ],
  [S, 'no ports', { spec: {} }, 'spec.ports: Required value'],
  [S, 'two ports without names', spec(S, { ports: [{ port: 1 }, { port: 2 }] }), 'spec.ports[1].name: Required value'],
  [
    S,
    'two ports of one number',
    spec(S, {
      ports: [
        { name: 'a', port: 1 },
        { name: 'b', port: 1 },
      ],
    }),
    'spec.ports[1]: Duplicate value: {"port":1,"protocol":"TCP"}',
  ],
  [
    S,
    'a port out of range',
    spec(S, { ports: [{ port: 70000 }] }),
    'spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  [
    S,
    'a type that does not exist',
    spec(S, { type: 'Teleport' }),
    'spec.type: Unsupported value: "Teleport": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ],
  [
    S,
    'a node port on a cluster IP',
    spec(S, { ports: [{ port: 80, nodePort: 30080 }] }),
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
  ],
  [S, 'an external name without name', { spec: { type: 'ExternalName' } }, 'spec.externalName: Required value'],
  [
    S,
    'a loopback as external address',
    spec(S, { externalIPs: ['127.0.0.1'] }),
    'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  [
    S,
    'a loopback written at length',
    spec(S, { externalIPs: ['0:0:0:0:0:0:0:1'] }),
    'spec.externalIPs[0]: Invalid value: "0:0:0:0:0:0:0:1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  ...['core.v1.ConfigMap', 'core.v1.Secret'].map((schema): (typeof refused)[number] => [
    schema,
    'an empty key',
    { data: { '': 'eA==' } },
    `data[]: Invalid value: "": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
  ]),
  [
    'core.v1.ConfigMap',
    'a key with a slash',
    { data: { 'a/b': 'x' } },
    `data[a/b]: Invalid value: "a/b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
  ],
  [
    'core.v1.ConfigMap',
    'a key in both maps',
    { data: { a: 'x' }, binaryData: { a: 'eA==' } },
    'data[a]: Invalid value: "a": duplicate of key present in binaryData',
  ],
  [
    'core.v1.Secret',
    'a TLS secret without key',
    { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
    'data[tls.key]: Required value',
  ],
  [
    'core.v1.Node',
    'two taints of one key and effect',
    {
      spec: {
        taints: [
          { key: 'a', effect: 'NoSchedule' },
          { key: 'a', effect: 'NoSchedule' },
        ],
      },
    },
    'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
  ],
  [
    'core.v1.PersistentVolumeClaim',
    'no size',
    { spec: { accessModes: ['ReadWriteOnce'] } },
    'spec.resources[storage]: Required value',
  ],
  [
    'core.v1.PersistentVolume',
    'no source',
    { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } } },
    'spec: Required value: must specify a volume type',
  ],
  [
    'core.v1.LimitRange',
    'a minimum above the maximum',
    { spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] } },
    'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
  ],
  [
    'core.v1.ResourceQuota',
    'a resource that does not exist',
    { spec: { hard: { cookies: '3' } } },
    'spec.hard[cookies]: Invalid value: "cookies": must be a standard resource type or fully qualified',
  ],
  [
    'core.v1.ResourceQuota',
    'a resource that does not exist, which cannot be counted either',
    { spec: { hard: { cookies: '3' } } },
    'spec.hard[cookies]: Invalid value: "cookies": must be a standard resource for quota',
  ],
  [
    'rbac.v1.Role',
    'a rule without verbs',
    { rules: [{ apiGroups: [''], resources: ['pods'], verbs: [] }] },
    'rules[0].verbs: Required value: verbs must contain at least one value',
  ],
  [
    'rbac.v1.Role',
    'URLs inside a namespace',
    { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
    'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
  ],
  [
    'rbac.v1.ClusterRoleBinding',
    'a role of a namespace',
    { roleRef: { kind: 'Role', name: 'r' } },
    'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
  ],
  [
    'policy.v1.PodDisruptionBudget',
    'both limits at once',
    { spec: { minAvailable: 1, maxUnavailable: 1, selector: {} } },
    'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1,"selector":{}}: minAvailable and maxUnavailable cannot be both set',
  ],
  [
    'networking.v1.Ingress',
    'neither backend nor rules',
    { spec: {} },
    'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified',
  ],
  [
    'networking.v1.Ingress',
    'a relative path',
    {
      spec: {
        rules: [
          {
            http: {
              paths: [{ path: 'x', pathType: 'Prefix', backend: { service: { name: 'a', port: { number: 80 } } } }],
            },
          },
        ],
      },
    },
    'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
  ],
  [
    'networking.v1.NetworkPolicy',
    'an exception outside its block',
    { spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] } },
    'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
  ],
  [
    'networking.v1.NetworkPolicy',
    'an exception of the other family',
    { spec: { ingress: [{ from: [{ ipBlock: { cidr: 'fd00::/16', except: ['10.0.0.0/24'] } }] }] } },
    'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/24": must be a strict subset of `cidr`',
  ],
  [
    'autoscaling.v2.HorizontalPodAutoscaler',
    'a maximum below the minimum',
    spec('autoscaling.v2.HorizontalPodAutoscaler', { minReplicas: 5, maxReplicas: 3 }),
    'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
  ],
  [
    'scheduling.v1.PriorityClass',
    'a priority above all users',
    { value: 2_000_000_000 },
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ],
  [
    'coordination.v1.Lease',
    'a duration of zero',
    { spec: { leaseDurationSeconds: 0 } },
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
  ],
  [
    'discovery.v1.EndpointSlice',
    'an address of the other family',
    { addressType: 'IPv6', endpoints: [{ addresses: ['10.0.0.1'] }] },
    'endpoints[0].addresses: Invalid value: "10.0.0.1": must be an IPv6 address',
  ],
  [
    'discovery.v1.EndpointSlice',
    'an address with a zone',
    { addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1%eth0'] }] },
    'endpoints[0].addresses[0]: Invalid value: "fd00::1%eth0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    'core.v1.Endpoints',
    'a subset without addresses',
    { subsets: [{ ports: [{ port: 80 }] }] },
    'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
  ],
  [
    'apiextensions.v1.CustomResourceDefinition',
    'a name that is not plural.group',
    { ...minimalObjects['apiextensions.v1.CustomResourceDefinition'], metadata: { name: 'boats.example.com' } },
    'metadata.name: Invalid value: "boats.example.com": must be spec.names.plural+"."+spec.group',
  ],
]

describe('create refuses', () => {
  test.each(refused)('%s: %s', (schema, _what, object, problem) => {
    expect(problems(resourceOf(schema), object)).toContain(problem)
  })
})

const frozen: [schema: string, what: string, change: (object: Fields) => void, problem: string][] = [
  [
    D,
    'the selector',
    o => ((o['spec'] as Fields)['selector'] = { matchLabels: { app: 'x' } }),
    'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable',
  ],
  [
    'apps.v1.StatefulSet',
    'the service name',
    o => ((o['spec'] as Fields)['serviceName'] = 'x'),
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ],
  [
    'batch.v1.Job',
    'completions',
    o => ((o['spec'] as Fields)['completions'] = 9),
    'spec.completions: Invalid value: 9: field is immutable',
  ],
  [
    'batch.v1.Job',
    'completions of an indexed job that keeps its parallelism',
    o => Object.assign(o['spec'] as Fields, { completionMode: 'Indexed', completions: 9 }),
    'spec.completions: Invalid value: 9: can only be modified in tandem with spec.parallelism',
  ],
  ['core.v1.Secret', 'the type', o => (o['type'] = 'x'), 'type: Invalid value: "x": field is immutable'],
  [
    'storage.v1.StorageClass',
    'the provisioner',
    o => (o['provisioner'] = 'x'),
    'provisioner: Invalid value: "x": field is immutable',
  ],
  [
    'rbac.v1.RoleBinding',
    'the role',
    o => ((o['roleRef'] as Fields)['name'] = 'x'),
    'roleRef: Invalid value: {"kind":"Role","name":"x","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef',
  ],
  [
    'scheduling.v1.PriorityClass',
    'the value',
    o => (o['value'] = 11),
    'value: Forbidden: may not be changed in an update.',
  ],
  [
    'discovery.v1.EndpointSlice',
    'the address type',
    o => (o['addressType'] = 'IPv6'),
    'addressType: Invalid value: "IPv6": field is immutable',
  ],
]

describe('update refuses to change', () => {
  test.each(frozen)('%s: %s', (schema, _what, change, problem) => {
    const resource = resourceOf(schema)
    const old = admitted(resource, minimalObjects[schema])
    const next = structuredClone(old)
    change(next)
    expect(resource.validateUpdate!(next, old).map(e => `${e.field}: ${e.message}`)).toContain(problem)
  })

  test.each(['core.v1.ConfigMap', 'core.v1.Secret'])('%s that is immutable', schema => {
    const resource = resourceOf(schema)
    const old = admitted(resource, { immutable: true, data: { a: 'YQ==' } })
    const next = admitted(resource, { data: { a: 'Yg==' } })
    expect(resource.validateUpdate!(next, old).map(e => `${e.field}: ${e.message}`)).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ])
  })
})

describe('strategies', () => {
  test('a deployment counts changes of spec and annotations, not of labels or status', () => {
    const resource = resourceOf(D)
    const old = admitted(resource, minimalObjects[D])
    const generationAfter = (change: (object: Fields) => void) => {
      const next = structuredClone(old)
      change(next)
      resource.prepareForUpdate!(next, old)
      return next.metadata.generation
    }
    expect(old.metadata.generation).toBe(1)
    expect(generationAfter(o => ((o['spec'] as Fields)['replicas'] = 5))).toBe(2)
    expect(generationAfter(o => ((o['metadata'] as Fields)['annotations'] = { a: 'b' }))).toBe(2)
    expect(generationAfter(o => ((o['metadata'] as Fields)['labels'] = { a: 'b' }))).toBe(1)
    expect(generationAfter(o => (o['status'] = { replicas: 9 }))).toBe(1)
  })

  test('a job gets labels and a selector that no other job can have', () => {
    const { spec: made } = admitted(resourceOf('batch.v1.Job'), minimalObjects['batch.v1.Job']) as unknown as {
      spec: { selector: Fields; template: { metadata: { labels: Fields } } }
    }
    expect(made.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'f3c1c0de' } })
    expect(made.template.metadata.labels).toMatchObject({ 'job-name': 'web', 'controller-uid': 'f3c1c0de' })
  })

  test('a secret moves stringData into data', () => {
    expect(admitted(resourceOf('core.v1.Secret'), { data: { a: 'eA==' }, stringData: { a: 'ü' } })).toMatchObject({
      type: 'Opaque',
      data: { a: Buffer.from('ü').toString('base64') },
    })
  })

  test('a namespace carries its name as label and the kubernetes finalizer', () => {
    expect(admitted(resourceOf('core.v1.Namespace'), {})).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'web' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    })
  })

  test('scale reads and writes replicas and tells the selector', () => {
    const { scale } = resourceOf(D)
    const object = admitted(resourceOf(D), minimalObjects[D])
    expect([scale!.replicas(object), scale!.statusReplicas(object), scale!.selector(object)]).toEqual([1, 0, 'app=web'])
    scale!.setReplicas(object, 4)
    expect(scale!.replicas(object)).toBe(4)
  })

  test('an autoscaler keeps through v1 what v1 has no field for', () => {
    const v1 = resourceOf('autoscaling.v1.HorizontalPodAutoscaler')
    const v2 = resourceOf('autoscaling.v2.HorizontalPodAutoscaler')
    const memory = {
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
    }
    const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }
    const stored = admitted(
      v2,
      spec('autoscaling.v2.HorizontalPodAutoscaler', {
        metrics: [memory, cpu],
        behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
      }),
    )
    const seen = v1.fromStorage!(stored)
    expect(seen).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 60 } })
    expect(v1.toStorage!(structuredClone(seen))).toEqual(stored)
  })
})
